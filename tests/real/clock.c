/* Preloaded into a daemon: its wall clock is off by the seconds that stand in the file $WALL_CLOCK_OFF. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*next)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int done = next(clock, now);
    char text[32] = "";
    int file = clock == CLOCK_REALTIME ? open(getenv("WALL_CLOCK_OFF"), O_RDONLY | O_CLOEXEC) : -1;

    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0)
            now->tv_sec += atol(text);
        close(file);
    }
    return done;
}
