// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Crash points: places where a test build kills itself, so that a test can see what the others make
// of it. Exists with `meson -Dcrash_points=true` alone; otherwise no code at all.
//
// HUGEPOD_CRASH_AT=NAME:TOKENFILE in the environment: the process that comes to point NAME and can
// unlink TOKENFILE dies there by SIGKILL. So it dies once, though restarted processes inherit the
// variable, and a test chooses the moment by making the file.

#pragma once

/**
 * The points: X(name, how, what dies there). `how` is the way in which
 * tests/mp/test_crash_points.sh gets a process there: WHO_WHEN, where WHO is the process that has
 * the variable (member: a client; guest: a capture or replay; primary; both: one, then the other;
 * parent: that of --respawn).
 */
#define HP_CRASH_POINTS(X) \
	/* a member joins */ \
	X(join_begin, member_join, "a member before it connects") \
	X(join_connected, member_join, "a member that is connected and has said nothing") \
	X(join_hello_sent, member_join, "a member that has said hello") \
	X(join_leased, member_join, "a member that has its lease") \
	X(join_control_none, member_join, "a member before its control thread starts") \
	X(join_control_runs, member_join, "a member whose control thread runs, before EAL") \
	X(attach_heap, member_join, "a member inside rte_eal_init, where EAL allocates") \
	X(attach_eal_up, member_join, "a member after rte_eal_init") \
	X(attach_done, member_join, "a member that has found the group's memory") \
	X(ready_unsent, member_join, "a member about to say that it is ready") \
	X(ready_sent, member_join, "a member that has said that it is ready") \
	/* EAL's own start */ \
	X(eal_begin, both_start, "before rte_eal_init") \
	X(eal_lcores, both_start, "in rte_eal_init, where it has counted the CPUs") \
	X(eal_socket, both_start, "in rte_eal_init, where its message socket is open") \
	X(eal_iova, both_start, "in rte_eal_init, before memory is set up or attached") \
	X(eal_up, both_start, "at the end of rte_eal_init") \
	/* a client's packet loop */ \
	X(loop_turn, member_run, "a client between two bursts") \
	X(loop_taken, member_run, "a client with packets that it has not looked at") \
	X(loop_processed, member_run, "a client with packets that it has changed") \
	X(return_torn, member_run, "a client in the middle of an entry that it hands back") \
	X(return_unpublished, member_run, "a client that has written entries, unpublished") \
	X(return_published, member_run, "a client that has just handed packets back") \
	/* a worker's queues */ \
	X(attach_port, worker_join, "a worker about to open a port of its own") \
	X(queue_taken, worker_join, "a worker that has been granted a queue") \
	X(queue_polled, worker_run, "a worker with packets that it has not counted") \
	X(queue_unsent, worker_run, "a worker with packets that it has not sent") \
	X(queue_sent, worker_run, "a worker with packets sent and not counted") \
	X(queue_flushed, worker_share, "a worker that gives a queue up, and has not said so") \
	X(queue_let_go, worker_share, "a worker that has just given a queue up") \
	/* captures and replays */ \
	X(guest_greeted, guest_capture, "a capture that has been welcomed") \
	X(guest_made, guest_capture, "a capture that has made its memory") \
	X(guest_offered, guest_capture, "a capture that has handed its memory over") \
	X(guest_opened, guest_capture, "a capture whose taps work") \
	X(guest_collected, guest_capture, "a capture with packets that are not in the file") \
	X(guest_written, guest_capture, "a capture that has written packets, and not said so") \
	X(guest_leaving, guest_leave, "a capture about to have its taps taken off") \
	X(replay_torn, guest_replay, "a replay in the middle of a packet that it puts in") \
	X(replay_unpublished, guest_replay, "a replay that has put packets in, unpublished") \
	X(taps_heard, worker_tapped, "a worker that hears of a capture") \
	X(taps_mapped, worker_tapped, "a worker that has mapped a capture's memory") \
	X(taps_taken_up, worker_tapped, "a worker that copies packets, and has not said so") \
	X(copy_unpublished, worker_tapped, "a worker that has copied packets, unpublished") \
	X(guest_mapped, primary_guest, "a primary that has mapped a capture's memory") \
	X(guest_planned, primary_guest, "a primary whose lanes copy, and no worker knows") \
	X(guest_told, primary_guest, "a primary that has told workers of a capture") \
	/* messages */ \
	X(mail_torn, both_mail, "in the middle of a message that is written") \
	X(mail_unpublished, both_mail, "with a message written, unpublished") \
	X(mail_published, both_mail, "with a message that has just been published") \
	X(mail_read, both_mail, "with a message that has just been taken out") \
	X(mail_unrung, member_mail, "a member before it rings the bell") \
	X(mail_routed, primary_mail, "a primary with a message that is in two mailboxes") \
	/* a member leaves */ \
	X(leave_unsent, member_leave, "a client that is told to end") \
	X(leave_sent, member_leave, "a client that has asked to leave") \
	X(leave_draining, member_leave, "a client that hands back its last packets") \
	X(leave_granted, member_leave, "a client that may leave, still connected") \
	X(leave_disconnected, member_leave, "a client that has closed its connection") \
	X(loss_noticed, member_loss, "a member that hears of the primary's death") \
	X(loss_rejoin, member_rejoin, "a member about to run itself again for the next primary") \
	X(shutdown_told, member_shutdown, "a member that hears that the primary ends") \
	/* the parent of --respawn */ \
	X(parent_begin, parent_start, "a parent before it has a child") \
	X(parent_forked, parent_start, "a parent that has just forked") \
	X(child_forked, parent_start, "a child that nobody watches over yet") \
	X(parent_reaped, parent_reap, "a parent whose child is dead, before it starts another") \
	/* the primary starts */ \
	X(start_locked, primary_start, "a primary that has the group's lock") \
	X(start_free, primary_start, "a primary that nobody is in the way of") \
	X(start_cleaned, primary_start, "a primary that has removed stale map files") \
	X(start_huge_dir, primary_start, "a primary that has made its huge-dir") \
	X(start_eal_up, primary_start, "a primary after rte_eal_init") \
	X(start_pools, primary_start, "a primary that has made its pools") \
	X(start_group, primary_start, "a primary that has made the group's memory") \
	X(start_ports, primary_start, "a primary that has opened its ports") \
	X(start_lanes, primary_start, "a primary whose lanes run, before it listens") \
	X(start_bound, primary_start, "a primary with a socket that does not listen yet") \
	X(start_listening, primary_start, "a primary that listens, before it serves") \
	X(start_up, primary_start, "a primary that is up") \
	/* the primary lends and collects */ \
	X(lane_turn, primary_run, "a primary between two turns of a lane") \
	X(lane_received, primary_run, "a primary with packets from a port") \
	X(lend_unpublished, primary_run, "a primary that has written loans, unpublished") \
	X(lend_published, primary_run, "a primary that has just lent packets") \
	X(collect_read, primary_run, "a primary with packets handed back, not passed on") \
	X(collect_passed_on, primary_run, "a primary that has passed on what came back") \
	/* the primary when a member dies and comes again */ \
	X(gone_noticed, primary_rejoin, "a primary that hears of a member's death") \
	X(gone_files, primary_rejoin, "a primary that has removed a dead member's files") \
	X(gone_unpublished, primary_rejoin, "a primary before the lanes know of a death") \
	X(plan_published, primary_rejoin, "a primary with a plan that no lane follows yet") \
	X(plan_unapplied, primary_rejoin, "a primary whose lane changes to a plan") \
	X(plan_applied, primary_rejoin, "a primary whose lane has just changed to a plan") \
	X(reclaim_begin, primary_rejoin, "a primary before it takes back what a dead one had") \
	X(reclaim_middle, primary_reclaim, "a primary that has taken back one packet of many") \
	X(reclaim_done, primary_rejoin, "a primary that has taken back everything") \
	X(gone_released, primary_rejoin, "a primary that has released a dead member's slot") \
	X(members_unrenamed, primary_rejoin, "a primary that rewrites its list of members") \
	X(hello_heard, primary_rejoin, "a primary that hears a hello") \
	X(lease_unsent, primary_rejoin, "a primary about to send a lease") \
	X(lease_sent, primary_rejoin, "a primary that has sent a lease") \
	X(ready_heard, primary_rejoin, "a primary that hears that a member is ready") \
	X(ready_published, primary_rejoin, "a primary whose lanes lend to a new member") \
	X(leaving_heard, primary_leave, "a primary that is asked for leave") \
	X(leaving_granted, primary_leave, "a primary that has granted leave") \
	X(evict_unsent, primary_evict, "a primary that has cut off a stuck member") \
	X(evict_sent, primary_evict, "a primary that has told a member of its eviction") \
	/* the primary and worker queues */ \
	X(queue_announced, primary_share, "a primary that has written a grant, unannounced") \
	X(queue_freed, primary_share, "a primary with a queue that nobody holds") \
	X(repair_begin, primary_repair, "a primary before it mends a dead worker's pool") \
	X(repair_middle, primary_repair, "a primary that mends a dead worker's pool") \
	X(repair_done, primary_repair, "a primary with a mended pool that nobody has") \
	/* ports come and go */ \
	X(port_made, primary_attach, "a primary that has made a device, and no port of it") \
	X(port_parked, primary_attach, "a primary whose lanes wait for a port to be set up") \
	X(port_set_up, primary_attach, "a primary with a new port that no lane knows") \
	X(port_attached, primary_attach, "a primary that has attached a port") \
	X(port_withdrawn, primary_detach, "a primary with a port that nobody uses") \
	X(port_unused, primary_detach, "a primary about to close a port") \
	X(port_closed, primary_detach, "a primary with a device that is no port any more") \
	X(port_detached, primary_detach, "a primary that has detached a port") \
	/* the primary ends */ \
	X(stop_begin, primary_stop, "a primary that is told to end") \
	X(stop_drained, primary_stop, "a primary that has stopped forwarding") \
	X(stop_members_told, primary_stop, "a primary that has told its members") \
	X(stop_members_gone, primary_stop, "a primary that its members have left") \
	X(stop_lanes, primary_stop, "a primary whose lanes have ended") \
	X(stop_ports, primary_stop, "a primary that has closed its ports") \
	X(stop_pools, primary_stop, "a primary that has freed its pools, before EAL's cleanup") \
	X(stop_eal, primary_stop, "a primary after rte_eal_cleanup") \
	X(stop_maps, primary_stop, "a primary that has removed its map files") \
	X(stop_files, primary_stop, "a primary that has removed its runtime directory")

#ifdef HP_CRASH_POINTS_ON

#define HP_CRASH_ENUM_(name, how, what) HP_CRASH_##name,
enum hp_crash_point {
	HP_CRASH_POINTS(HP_CRASH_ENUM_) HP_CRASH_COUNT
};
#undef HP_CRASH_ENUM_

// Point that this process is to die at, HP_CRASH_COUNT: none. Set before main(). Process-wide by
// nature, as the environment is.
extern enum hp_crash_point hp_crash_at;

/** Die if the token can be taken; otherwise return. Any thread. */
void hp_crash_try(void);

#define HP_CRASH_POINT(name) \
	do { \
		if (__builtin_expect(hp_crash_at == HP_CRASH_##name, 0)) \
			hp_crash_try(); \
	} while (0)

#else

/** Die here if the test wants it, see above. Any thread, packet loops too. */
#define HP_CRASH_POINT(name) \
	do { \
	} while (0)

#endif
