// All of rt0 but rt0/singleflight.h. Programs that care about compile time include the header they
// need.
#pragma once

#include <rt0/chan.h>
#include <rt0/context.h>
#include <rt0/error.h>
#include <rt0/format.h>
#include <rt0/go.h>
#include <rt0/goroutine_local.h>
#include <rt0/os.h>
#include <rt0/panic.h>
#include <rt0/print.h>
#include <rt0/select.h>
#include <rt0/sync.h>
#include <rt0/task_group.h>
#include <rt0/time.h>
