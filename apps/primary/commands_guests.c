// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Commands about captures and replays.

#include "base/hp_time.h"
#include "commands.h"
#include "guests.h"
#include "primary.h"

static const char *const state_names[] = {
	[HP_GUEST_ABSENT] = "absent",
	[HP_GUEST_GREETED] = "joining",
	[HP_GUEST_OPEN] = "ready",
	[HP_GUEST_LEAVING] = "leaving",
	[HP_GUEST_STRANDED] = "gone",
};

// Open, and not told so: workers have not heard of its taps yet.
static const char *state_of(const struct hp_primary_guest *guest)
{
	return guest->answer == HP_WIRE_OPENED ? "joining" : state_names[guest->state];
}

static const char *kind_name(const struct hp_primary_guest *guest)
{
	return guest->kind == HP_GUEST_CAPTURE ? "capture" : "replay";
}

static int show_captures(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	char text[HP_TAP_TEXT];

	(void)args;
	hp_out_array(out, "captures");
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++) {
		const struct hp_primary_guest *guest = &primary->guests[i];

		if (guest->state == HP_GUEST_ABSENT || guest->kind != HP_GUEST_CAPTURE)
			continue;
		for (uint32_t t = 0; t < guest->mem.n_taps; t++) {
			struct hp_guest_totals totals;

			hp_guest_totals(primary, guest, t, &totals);
			hp_out_object(out, NULL);
			hp_out_str(out, "name", guest->name);
			hp_out_str(out, "state", state_of(guest));
			hp_out_str(out, "tap",
				hp_tap_text(text, sizeof(text), &guest->mem.taps[t].tap));
			hp_out_uint(out, "snaplen", guest->mem.taps[t].snaplen);
			hp_out_bool(out, "filter", guest->mem.taps[t].n_insns > 0);
			hp_out_uint(out, "seen", totals.seen);
			hp_out_uint(out, "captured", totals.captured);
			hp_out_uint(out, "lost", totals.lost);
			hp_out_end(out);
		}
	}
	hp_out_end(out);
	return 0;
}

static void show_replay(struct hp_out *out, const char *name, const char *state, const char *tap,
	const struct hp_replay_totals *totals)
{
	hp_out_object(out, NULL);
	hp_out_str(out, "name", name);
	hp_out_str(out, "state", state);
	hp_out_str(out, "tap", tap);
	hp_out_uint(out, "packets", totals->packets);
	hp_out_uint(out, "bytes", totals->bytes);
	hp_out_uint(out, "copies", totals->copies);
	hp_out_uint(out, "dropped", totals->dropped);
	hp_out_end(out);
}

static int show_replays(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	char text[HP_TAP_TEXT];

	(void)args;
	hp_out_array(out, "replays");
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++) {
		const struct hp_primary_guest *guest = &primary->guests[i];
		struct hp_replay_totals totals = {0};

		if (guest->state == HP_GUEST_ABSENT || guest->replay == NULL)
			continue;
		hp_replay_totals(guest, &totals);
		show_replay(out, guest->name, state_of(guest),
			hp_tap_text(text, sizeof(text), &guest->mem.taps[0].tap), &totals);
	}
	if (primary->replayed.packets > 0)
		show_replay(out, "all before", "gone", NULL, &primary->replayed);
	hp_out_end(out);
	return 0;
}

void hp_show_replay_drops(const struct hp_primary *primary, struct hp_out *out,
	void (*reasons)(struct hp_out *out, const char *where, const uint64_t *drops))
{
	struct hp_replay_totals totals = primary->replayed;

	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++)
		if (primary->guests[i].state != HP_GUEST_ABSENT &&
			primary->guests[i].replay != NULL)
			hp_replay_totals(&primary->guests[i], &totals);
	reasons(out, "replays", totals.drops);
}

void hp_show_guests(const struct hp_primary *primary, struct hp_out *out)
{
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++) {
		const struct hp_primary_guest *guest = &primary->guests[i];

		if (guest->state == HP_GUEST_ABSENT)
			continue;
		hp_out_object(out, NULL);
		hp_out_str(out, "name", guest->name);
		hp_out_str(out, "role", kind_name(guest));
		hp_out_str(out, "state", state_of(guest));
		hp_out_int(out, "slot", -1);
		hp_out_int(out, "pid", guest->pid);
		hp_out_int(out, "peer_pid", guest->peer_pid);
		hp_out_array(out, "lcores");
		hp_out_end(out);
		hp_out_str(out, "function", "");
		hp_out_uint(out, "packets", 0);
		hp_out_uint(out, "in_flight", 0);
		hp_out_uint(out, "restarts", 0);
		hp_out_uint(out, "age_ms", (hp_now_us() - guest->since_us) / 1000);
		hp_out_end(out);
	}
}

const struct hp_cli_cmd hp_primary_guest_commands[] = {
	{"show captures", show_captures, "Links",
		"Taps that are captured: packets seen, copied, and lost for want of room."},
	{"show replays", show_replays, "Links", "Packets that replays have put in."},
	{NULL},
};
