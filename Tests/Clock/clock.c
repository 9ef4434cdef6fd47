/* Preloaded, this moves the calendar of a process and of every process that it starts by CLOCK_OFFSET seconds: what time
   it is, the times of files, and deadlines by the calendar. Monotonic clocks, and so every wait, stay as they are.
   deploy/test --clock compiles and uses it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static time_t offset;

__attribute__((constructor)) static void read_offset(void) {
    const char *text = getenv("CLOCK_OFFSET");
    offset = text ? (time_t)strtoll(text, NULL, 10) : 0;
}

/* The function of this name that would be called without this library. */
#define NEXT(name) ((__typeof__(&name))next(#name, NULL))
static void *next(const char *name, const char *version) {
    return version ? dlvsym(RTLD_NEXT, name, version) : dlsym(RTLD_NEXT, name);
}

/* --- What time it is. By system call, for the loader asks before there is a next function. --- */

static int is_calendar(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static __typeof__(&clock_gettime) fast;
    if (!fast) fast = NEXT(clock_gettime);
    int result = fast ? fast(clock, now) : (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && is_calendar(clock)) now->tv_sec += offset;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME_COARSE, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}

int timespec_get(struct timespec *now, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

/* --- Deadlines by the calendar, which the kernel keeps. --- */

/* A deadline of 2001 or later is one by the calendar: monotonic clocks count from the machine's start. */
static int is_date(const struct timespec *time) { return time && time->tv_sec >= 1000000000; }

static const struct timespec *kernel_time(const struct timespec *time, struct timespec *kept) {
    if (!is_date(time)) return time;
    *kept = (struct timespec){time->tv_sec - offset, time->tv_nsec};
    return kept;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    static __typeof__(&pthread_cond_timedwait) wait;
    /* The plain name may mean the condition variables of before glibc 2.3.2. */
    if (!wait) wait = next("pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!wait) wait = NEXT(pthread_cond_timedwait);
    struct timespec kept;
    return wait(condition, mutex, kernel_time(deadline, &kept));
}

int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
                           const struct timespec *restrict deadline) {
    struct timespec kept;
    return NEXT(pthread_cond_clockwait)(condition, mutex, clock, kernel_time(deadline, &kept));
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
    struct timespec kept;
    return NEXT(pthread_mutex_timedlock)(mutex, kernel_time(deadline, &kept));
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    struct timespec kept;
    return NEXT(sem_timedwait)(semaphore, kernel_time(deadline, &kept));
}

int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict deadline) {
    struct timespec kept;
    return NEXT(sem_clockwait)(semaphore, clock, kernel_time(deadline, &kept));
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *rest) {
    struct timespec kept;
    const struct timespec *asked = flags & TIMER_ABSTIME ? kernel_time(until, &kept) : until;
    return NEXT(clock_nanosleep)(clock, flags, asked, rest);
}

int timerfd_settime(int timer, int flags, const struct itimerspec *asked, struct itimerspec *before) {
    struct itimerspec moved = *asked;
    if (flags & TFD_TIMER_ABSTIME && is_date(&asked->it_value)) moved.it_value.tv_sec -= offset;
    return NEXT(timerfd_settime)(timer, flags, &moved, before);
}

/* --- When a file was written. --- */

static int moved(int result, struct stat *file) {
    if (result != 0) return result;
    file->st_atim.tv_sec += offset;
    file->st_mtim.tv_sec += offset;
    file->st_ctim.tv_sec += offset;
    return result;
}

int stat(const char *restrict path, struct stat *restrict file) { return moved(NEXT(stat)(path, file), file); }
int lstat(const char *restrict path, struct stat *restrict file) { return moved(NEXT(lstat)(path, file), file); }
int fstat(int descriptor, struct stat *file) { return moved(NEXT(fstat)(descriptor, file), file); }
int fstatat(int folder, const char *restrict path, struct stat *restrict file, int flags) {
    return moved(NEXT(fstatat)(folder, path, file, flags), file);
}

/* Where off_t has 64 bits the two are alike. */
static int moved64(int result, struct stat64 *file) { return moved(result, (struct stat *)file); }
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "stat64 is stat");

int stat64(const char *restrict path, struct stat64 *restrict file) { return moved64(NEXT(stat64)(path, file), file); }
int lstat64(const char *restrict path, struct stat64 *restrict file) { return moved64(NEXT(lstat64)(path, file), file); }
int fstat64(int descriptor, struct stat64 *file) { return moved64(NEXT(fstat64)(descriptor, file), file); }
int fstatat64(int folder, const char *restrict path, struct stat64 *restrict file, int flags) {
    return moved64(NEXT(fstatat64)(folder, path, file, flags), file);
}

int statx(int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict file) {
    int result = NEXT(statx)(folder, path, flags, mask, file);
    if (result != 0) return result;
    file->stx_atime.tv_sec += offset;
    file->stx_btime.tv_sec += offset;
    file->stx_ctime.tv_sec += offset;
    file->stx_mtime.tv_sec += offset;
    return result;
}

static const struct timespec *kernel_times(const struct timespec times[2], struct timespec kept[2]) {
    if (!times) return NULL;
    for (int each = 0; each < 2; each++) {
        kept[each] = times[each];
        if (times[each].tv_nsec != UTIME_NOW && times[each].tv_nsec != UTIME_OMIT) kept[each].tv_sec -= offset;
    }
    return kept;
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
    struct timespec kept[2];
    return NEXT(utimensat)(folder, path, kernel_times(times, kept), flags);
}

int futimens(int descriptor, const struct timespec times[2]) {
    struct timespec kept[2];
    return NEXT(futimens)(descriptor, kernel_times(times, kept));
}

static const struct timeval *kernel_timevals(const struct timeval times[2], struct timeval kept[2]) {
    if (!times) return NULL;
    for (int each = 0; each < 2; each++) {
        kept[each] = (struct timeval){times[each].tv_sec - offset, times[each].tv_usec};
    }
    return kept;
}

int utimes(const char *path, const struct timeval times[2]) {
    struct timeval kept[2];
    return NEXT(utimes)(path, kernel_timevals(times, kept));
}

int futimes(int descriptor, const struct timeval times[2]) {
    struct timeval kept[2];
    return NEXT(futimes)(descriptor, kernel_timevals(times, kept));
}

int utime(const char *path, const struct utimbuf *times) {
    if (!times) return NEXT(utime)(path, NULL);
    struct utimbuf kept = {times->actime - offset, times->modtime - offset};
    return NEXT(utime)(path, &kept);
}

/* --- Processes that are started with an environment of few words have the same calendar. --- */

static const char *const inherited[] = {"LD_PRELOAD=", "CLOCK_OFFSET="};

static const char *entry(char *const environment[], const char *name) {
    for (; environment && *environment; environment++) {
        if (strncmp(*environment, name, strlen(name)) == 0) return *environment;
    }
    return NULL;
}

/* The environment with our two words; itself where it has them or we have not. Small, and never freed. */
static char *const *complete(char *const environment[]) {
    if (environment == environ || entry(environment, inherited[1]) || !entry(environ, inherited[1])) return environment;
    size_t count = 0;
    while (environment && environment[count]) count++;
    char **all = calloc(count + 3, sizeof(char *));
    if (!all) return environment;
    if (count > 0) memcpy(all, environment, count * sizeof(char *));
    for (size_t each = 0; each < 2; each++) {
        const char *word = entry(environ, inherited[each]);
        if (word && !entry(all, inherited[each])) all[count++] = (char *)word;
    }
    return all;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *restrict actions,
                const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                char *const environment[restrict]) {
    static __typeof__(&posix_spawn) spawn;
    if (!spawn) spawn = next("posix_spawn", "GLIBC_2.15");
    if (!spawn) spawn = NEXT(posix_spawn);
    return spawn(pid, path, actions, attributes, arguments, complete(environment));
}

int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *restrict actions,
                 const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
                 char *const environment[restrict]) {
    static __typeof__(&posix_spawnp) spawn;
    if (!spawn) spawn = next("posix_spawnp", "GLIBC_2.15");
    if (!spawn) spawn = NEXT(posix_spawnp);
    return spawn(pid, file, actions, attributes, arguments, complete(environment));
}

int execve(const char *path, char *const arguments[], char *const environment[]) {
    return NEXT(execve)(path, arguments, complete(environment));
}

int execvpe(const char *file, char *const arguments[], char *const environment[]) {
    return NEXT(execvpe)(file, arguments, complete(environment));
}
