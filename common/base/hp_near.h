// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// "Did you mean ...?": the word of a list that is nearest to what somebody typed. Needs libc only.

#pragma once

/** A search for the word nearest to .word; start it with hp_near_start(). */
struct hp_near {
	const char *word; ///< what was typed
	const char *best; ///< nearest word so far, by reference; NULL: none near enough
	unsigned int distance; ///< edits between .word and .best
};

/** Begin a search. @p word has to outlive it. */
void hp_near_start(struct hp_near *near, const char *word);

/** Offer a candidate, kept by reference. */
void hp_near_try(struct hp_near *near, const char *candidate);

/**
 * The sentence to hang on to an error: "; did you mean 'X'?", or "" if nothing is near.
 *
 * @param prefix
 *   Put in front of the word, "--" for options, "" else.
 * @return
 *   @p buf.
 */
const char *hp_near_hint(
	const struct hp_near *near, const char *prefix, char *buf, unsigned int size);
