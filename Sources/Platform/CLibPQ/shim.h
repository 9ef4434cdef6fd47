#include <libpq-fe.h>
#include <spawn.h>

// In glibc since 2.34, but shown only under _GNU_SOURCE, which Swift's overlay does not define.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
