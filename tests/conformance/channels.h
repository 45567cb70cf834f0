// What is behind a channel's handles.
#pragma once

#include <rt0/rt0.h>

#include "sync/chan.h"

// Does a goroutine wait to send, or to receive?
template <class Channel>
bool sender_waits(const Channel& c) {
    return !c.internal()->senders.empty();
}
template <class Channel>
bool receiver_waits(const Channel& c) {
    return !c.internal()->receivers.empty();
}
