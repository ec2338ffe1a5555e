// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Boxes, lines and text as SVG. All text is escaped and cut to its width: names in manifests are
// somebody else's. Units are pixels.

#pragma once

#include <stdio.h>

enum draw_style {
	DRAW_PLAIN,
	DRAW_BOLD,
	DRAW_DIM,
	DRAW_TITLE,
	DRAW_RED,
	DRAW_BOLD_RED,
};

void draw_begin(FILE *out, double width, double height, const char *title);
void draw_end(FILE *out);
void draw_box(
	FILE *out, double x, double y, double w, double h, const char *fill, const char *line);
/** A box that is not filled. */
void draw_frame(FILE *out, double x, double y, double w, double h, const char *line);
void draw_line(FILE *out, double x1, double y1, double x2, double y2, const char *colour);
void draw_dot(FILE *out, double x, double y, const char *colour);
/** One line from @p x on, cut with "…" where it is longer than @p w. @p y is the base line. */
void draw_text(FILE *out, double x, double y, double w, enum draw_style style, const char *text);
/** One line that ends at @p x. */
void draw_text_end(FILE *out, double x, double y, enum draw_style style, const char *text);
/** As many lines as it takes. Returns the height. */
double draw_wrapped(
	FILE *out, double x, double y, double w, enum draw_style style, const char *text);
/** About how wide a text is. */
double draw_width(const char *text);
