// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A primary's start without most of the wait for EAL's clock. A primary finds the frequency of the
// TSC by sleeping 100 ms where the CPU does not state it, as in most virtual machines: two thirds
// of its start, and of the time that a group stands still when a primary has died. It calls
// nanosleep() for that, which hugepod's programs define themselves, as hp_heap.h does with
// rte_malloc(): on the thread that starts EAL that one sleep is shorter, every other one is as it
// was asked for.
//
// 20 ms are enough: EAL rounds the frequency to 10 MHz (DPDK 22.11) or 100 kHz (since 23.11, about
// 40 ppm at 2.5 GHz), and the clock is read within some 100 ns, 5 ppm of 20 ms.

#pragma once

/** From now on this thread's sleeps of EAL's length are short ones. Main thread, around EAL. */
void hp_tsc_begin(void);

/** No more. */
void hp_tsc_end(void);
