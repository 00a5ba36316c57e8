/* One event, many sockets: the loop over them, which fan_out.py calls once where Python would call write() for each. */

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Offers `size` bytes at `data` to each of `count` connections, and waits for none; negative descriptors are left out.
   taken[i] becomes how many bytes the i-th took, or -1 (full, or lost). Returns how many did not take all. */
size_t fan_out(const int *fds, size_t count, const void *data, size_t size, ssize_t *taken)
{
    size_t late = 0;
    for (size_t i = 0; i < count; i++) {
        if (fds[i] < 0)
            continue;
        taken[i] = send(fds[i], data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (taken[i] != (ssize_t)size)
            late++;
    }
    return late;
}
