// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_wire.h"

#include <errno.h>
#include <string.h>

size_t hp_wire_size(uint16_t type)
{
	switch (type) {
	case HP_WIRE_HELLO:
		return sizeof(struct hp_wire_hello);
	case HP_WIRE_LEASE:
		return sizeof(struct hp_wire_lease);
	case HP_WIRE_REFUSE:
		return sizeof(struct hp_wire_refuse);
	case HP_WIRE_SHUTDOWN:
	case HP_WIRE_EVICT:
		return sizeof(struct hp_wire_text);
	case HP_WIRE_GUEST:
		return sizeof(struct hp_wire_guest);
	case HP_WIRE_WELCOME:
		return sizeof(struct hp_wire_welcome);
	case HP_WIRE_OFFER:
		return sizeof(struct hp_wire_offer);
	case HP_WIRE_TAPS:
		return sizeof(struct hp_wire_taps);
	case HP_WIRE_TAPPED:
		return sizeof(struct hp_wire_tapped);
	case HP_WIRE_OPENED:
	case HP_WIRE_PID_TAKEN:
	case HP_WIRE_READY:
	case HP_WIRE_LEAVE:
	case HP_WIRE_LEFT:
		return sizeof(struct hp_wire_hdr);
	default:
		return 0;
	}
}

void hp_wire_init(struct hp_wire_hdr *hdr, uint16_t type)
{
	hdr->magic = HP_WIRE_MAGIC;
	hdr->version = HP_WIRE_VERSION;
	hdr->type = type;
	hdr->length = (uint32_t)hp_wire_size(type);
	hdr->zero = 0;
}

bool hp_wire_name_ok(const char *name)
{
	size_t len = strnlen(name, HP_NAME_MAX);

	if (len == 0 || len == HP_NAME_MAX)
		return false;
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != len)
		return false;
	return name[0] != '.' && name[0] != '_' && name[0] != '-';
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static int check_hello(const struct hp_wire_hello *hello, struct hp_err *err)
{
	if (!hp_wire_name_ok(hello->name))
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"hello: the name is not 1 to %d of [a-z0-9._-] with a letter or digit "
			"first",
			HP_NAME_MAX - 1);
	if (!hp_wire_name_ok(hello->role) || !terminated(hello->dpdk, sizeof(hello->dpdk)) ||
		!terminated(hello->fingerprint, sizeof(hello->fingerprint)))
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"hello: role, DPDK version or fingerprint is not a terminated text");
	if (hello->pid <= 0)
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"hello: PID %d, expected a positive number", hello->pid);
	if (hello->n_lcores == 0 || hello->n_lcores > HP_WIRE_LCORES)
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"hello: %u lcores wanted, expected 1 to %d", hello->n_lcores,
			HP_WIRE_LCORES);
	return 0;
}

static int check_lease(const struct hp_wire_lease *lease, struct hp_err *err)
{
	if (lease->slot >= HP_MEMBERS_MAX || lease->n_lcores == 0 ||
		lease->n_lcores > HP_WIRE_LCORES)
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"lease: slot %u with %u lcores is out of bounds", lease->slot,
			lease->n_lcores);
	if (!terminated(lease->huge_dir, sizeof(lease->huge_dir)))
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"lease: the huge-dir is not a terminated text");
	return 0;
}

static int check_guest(const struct hp_wire_guest *guest, struct hp_err *err)
{
	if (hp_wire_name_ok(guest->name) && guest->pid > 0 &&
		(guest->kind == HP_GUEST_CAPTURE || guest->kind == HP_GUEST_REPLAY))
		return 0;
	return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
		"guest: its name, PID or kind %u is out of bounds", guest->kind);
}

static int check_welcome(const struct hp_wire_welcome *welcome, struct hp_err *err)
{
	bool ok = welcome->n_lanes > 0 && welcome->n_lanes <= HP_GUEST_RINGS_MAX &&
		  welcome->n_queues <= HP_GUEST_RINGS_MAX - welcome->n_lanes &&
		  welcome->n_points <= HP_PORTS_MAX + HP_CLIENTS_MAX;

	for (uint32_t i = 0; ok && i < welcome->n_points; i++)
		ok = terminated(welcome->points[i].name, sizeof(welcome->points[i].name)) &&
		     terminated(welcome->points[i].device, sizeof(welcome->points[i].device));
	return ok ? 0
		  : hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG, "welcome: a number or name is bad");
}

static int check_taps(const struct hp_wire_taps *taps, struct hp_err *err)
{
	bool ok = taps->bytes == 0 || (taps->capture != 0 && taps->n_rings <= HP_GUEST_RINGS_MAX &&
					      taps->first_ring < taps->n_rings);

	for (unsigned int i = 0; ok && i < HP_GUEST_TAPS_MAX; i++)
		ok = taps->ports[i] < HP_PORTS_MAX || taps->ports[i] == HP_WIRE_NO_PORT;
	for (unsigned int i = 0; ok && i < HP_PORTS_MAX; i++)
		ok = terminated(taps->names[i], sizeof(taps->names[i]));
	return ok ? 0 : hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG, "taps: a number or name is bad");
}

int hp_wire_check(const union hp_wire_msg *msg, size_t len, struct hp_err *err)
{
	const struct hp_wire_hdr *hdr = &msg->hdr;
	bool text_ok = true;
	size_t size;

	if (len < sizeof(*hdr))
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"message of %zu bytes, a header alone has %zu", len, sizeof(*hdr));
	if (hdr->magic != HP_WIRE_MAGIC)
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"message begins with %#x, expected %#x", hdr->magic, HP_WIRE_MAGIC);
	if (hdr->version != HP_WIRE_VERSION)
		return hp_err_set(err, HP_EXIT_PROTOCOL, EPROTONOSUPPORT,
			"join protocol version %u, this end speaks %u: use the same hugepod "
			"release in every container of the group",
			hdr->version, HP_WIRE_VERSION);
	size = hp_wire_size(hdr->type);
	if (size == 0)
		return hp_err_set(
			err, HP_EXIT_PROTOCOL, EBADMSG, "unknown message type %u", hdr->type);
	if (len != size || hdr->length != size)
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"message type %u has %zu bytes and says %u, expected %zu", hdr->type, len,
			hdr->length, size);

	switch (hdr->type) {
	case HP_WIRE_HELLO:
		return check_hello(&msg->hello, err);
	case HP_WIRE_LEASE:
		return check_lease(&msg->lease, err);
	case HP_WIRE_GUEST:
		return check_guest(&msg->guest, err);
	case HP_WIRE_WELCOME:
		return check_welcome(&msg->welcome, err);
	case HP_WIRE_TAPS:
		return check_taps(&msg->taps, err);
	case HP_WIRE_REFUSE:
		text_ok = terminated(msg->refuse.text, sizeof(msg->refuse.text)) &&
			  msg->refuse.text[0] != '\0' && msg->refuse.exit_code > 0 &&
			  msg->refuse.exit_code < 128;
		break;
	case HP_WIRE_SHUTDOWN:
	case HP_WIRE_EVICT:
		text_ok = terminated(msg->text.text, sizeof(msg->text.text));
		break;
	default:
		break;
	}
	if (!text_ok)
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"message type %u: a text is empty or not terminated, or a code is out of "
			"bounds",
			hdr->type);
	return 0;
}
