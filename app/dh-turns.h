#pragma once

/* DH_DEBUG=turns: tells of every turn of the main loop that takes long, in milliseconds of the calling thread's own
 * computing between two waits, so that what else the machine does is not counted. Before the loop runs, on its thread.
 */
void dh_turns_watch (void);
