/* The floor of a fan-out: send() of a ready frame to each socket of a room, and nothing else.
 *
 *   send_loop PORT
 *
 * A connection first says which room it is in (4 bytes, big-endian) and gets a line feed back. The room CONTROL is for
 * the load's orders: room (4 bytes), size (4 bytes), then the bytes that everyone in that room gets.
 *
 * Sockets block: a member who does not read holds up the others, so that nothing has to be kept or dropped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOMS = 1024, SOCKETS = 65536, BUFFER = 1 << 20, TURN = 256 };
static const uint32_t CONTROL = UINT32_MAX;

struct room {
    int *sockets;
    size_t count, space;
};

static struct room rooms[ROOMS];
static int64_t room_of[SOCKETS]; /* -1: has not said */
static unsigned char buffer[BUFFER];
static size_t filled;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void enter(int fd, uint32_t number) {
    room_of[fd] = number;
    if (number == CONTROL)
        return;
    struct room *room = &rooms[number % ROOMS];
    if (room->count == room->space) {
        room->space = room->space ? room->space * 2 : 16;
        room->sockets = realloc(room->sockets, room->space * sizeof(int));
        if (room->sockets == NULL)
            die("realloc");
    }
    room->sockets[room->count++] = fd;
}

static void leave(int fd) {
    if (room_of[fd] >= 0 && room_of[fd] != CONTROL) {
        struct room *room = &rooms[room_of[fd] % ROOMS];
        for (size_t i = 0; i < room->count; i++)
            if (room->sockets[i] == fd) {
                room->sockets[i] = room->sockets[--room->count];
                break;
            }
    }
    room_of[fd] = -1;
    close(fd);
}

static void broadcast(uint32_t number, const unsigned char *data, size_t size) {
    struct room *room = &rooms[number % ROOMS];
    for (size_t i = 0; i < room->count; i++)
        (void)!send(room->sockets[i], data, size, MSG_NOSIGNAL); /* who has gone is taken out when epoll tells */
}

static uint32_t number_at(size_t at) {
    uint32_t number;
    memcpy(&number, buffer + at, sizeof number);
    return ntohl(number);
}

static void obey(int fd) {
    ssize_t got = recv(fd, buffer + filled, BUFFER - filled, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        exit(0); /* the load has ended */
    if (got > 0)
        filled += (size_t)got;
    size_t at = 0;
    while (filled - at >= 8) {
        size_t size = number_at(at + 4);
        if (size > BUFFER - 8)
            exit(2);
        if (filled - at - 8 < size)
            break;
        broadcast(number_at(at), buffer + at + 8, size);
        at += 8 + size;
    }
    memmove(buffer, buffer + at, filled - at);
    filled -= at;
}

static void hear(int fd) {
    unsigned char word[4];
    if (room_of[fd] == CONTROL) {
        obey(fd);
        return;
    }
    ssize_t got = recv(fd, word, sizeof word, room_of[fd] < 0 ? MSG_WAITALL : MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            leave(fd);
        return;
    }
    if (room_of[fd] < 0 && got == sizeof word) {
        uint32_t number;
        memcpy(&number, word, sizeof number);
        enter(fd, ntohl(number));
        (void)!send(fd, "\n", 1, MSG_NOSIGNAL);
    }
}

int main(int count, char **words) {
    if (count != 2)
        return 2;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    int on = 1, door = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1]))};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&here, sizeof here) < 0 || listen(door, 4096) < 0)
        die("listen");
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = door}, ready[TURN];
    epoll_ctl(poll, EPOLL_CTL_ADD, door, &wanted);
    memset(room_of, -1, sizeof room_of);
    for (;;) {
        int events = epoll_wait(poll, ready, TURN, -1);
        if (events < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < events; i++) {
            if (ready[i].data.fd != door) {
                hear(ready[i].data.fd);
                continue;
            }
            int fd = accept(door, NULL, NULL);
            if (fd < 0)
                continue;
            if (fd >= SOCKETS) {
                close(fd);
                continue;
            }
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            wanted.data.fd = fd;
            epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted);
        }
    }
}
