/* The movers as a bare client: what a message costs at least. One epoll loop, plain sockets, WebSocket frames by hand.
 *
 *     bare HOST PORT MOVES_PER_S WARM_UP_S SECONDS LISTEN_S  <  one "SPACE NICKNAME TOKEN" a line
 *
 * It checks nothing, trusts the server, and prints its figures as benchmarks.movers does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS 4096
#define BUFFER (1 << 17)
#define SLOTS 10000000 /* of a microsecond each: ten seconds */

struct client {
    int fd;
    char space[80], nickname[40], token[400];
    size_t used;
    char buffer[BUFFER];
};

static struct client *clients[MAX_CLIENTS];
static unsigned *slots, joined;
static long heard;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now_s(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* Send one masked text frame. */
static void say(struct client *client, const char *text, size_t length) {
    unsigned char frame[1024], mask[4];
    size_t head = 2;
    unsigned random = (unsigned)rand();
    memcpy(mask, &random, 4);
    frame[0] = 0x81;
    if (length < 126) {
        frame[1] = 0x80 | length;
    } else {
        frame[1] = 0x80 | 126, frame[2] = length >> 8, frame[3] = length & 255;
        head = 4;
    }
    memcpy(frame + head, mask, 4);
    head += 4;
    for (size_t i = 0; i < length; i++) frame[head + i] = text[i] ^ mask[i & 3];
    if (write(client->fd, frame, head + length) != (ssize_t)(head + length)) die("write");
}

static int begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* Take one text message, which ends in a zero byte. */
static void hear(struct client *client, const char *text, double at_s) {
    char join[800];
    if (begins(text, "42[\"player:moved\"")) {
        const char *x = strstr(text, "\"x\":");
        double us = x == NULL ? 0 : (at_s - strtod(x + 4, NULL)) * 1e6;
        slots[us < 0 ? 0 : us >= SLOTS ? SLOTS - 1 : (size_t)us]++;
        heard++;
    } else if (begins(text, "42[\"room:joined\"")) {
        joined++;
    } else if (text[0] == '0') {
        say(client, "40", 2);
    } else if (text[0] == '2') {
        say(client, "3", 1);
    } else if (begins(text, "40")) {
        int length = snprintf(join, sizeof join,
            "42[\"join:space\",{\"spaceId\":\"%s\",\"playerId\":\"me\",\"nickname\":\"%s\",\"avatarColor\":\"blue\","
            "\"sessionToken\":\"%s\"}]", client->space, client->nickname, client->token);
        say(client, join, length);
    }
}

/* Read what has come, and take the frames that are whole. */
static void receive(struct client *client) {
    ssize_t count = read(client->fd, client->buffer + client->used, BUFFER - client->used - 1);
    if (count <= 0) die("read");
    double at_s = now_s();
    size_t from = 0, end = client->used + count;
    while (end - from >= 2) {
        unsigned char *frame = (unsigned char *)client->buffer + from;
        size_t length = frame[1] & 127, head = 2;
        if (length == 126) length = frame[2] << 8 | frame[3], head = 4;
        if (length == 127) length = (size_t)frame[6] << 24 | frame[7] << 16 | frame[8] << 8 | frame[9], head = 10;
        if (end - from < head + length) break;
        char *text = (char *)frame + head, next = text[length]; /* of the next frame: put back below */
        text[length] = 0;
        if ((frame[0] & 15) == 1) hear(client, text, at_s);
        text[length] = next;
        from += head + length;
    }
    memmove(client->buffer, client->buffer + from, end - from);
    client->used = end - from;
}

static void open_socket(struct client *client, const char *host, const char *port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *address;
    char request[600], answer[1];
    int one = 1, matched = 0;
    if (getaddrinfo(host, port, &hints, &address) != 0) die("getaddrinfo");
    client->fd = socket(address->ai_family, SOCK_STREAM, 0);
    if (connect(client->fd, address->ai_addr, address->ai_addrlen) != 0) die("connect");
    freeaddrinfo(address);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int length = snprintf(request, sizeof request,
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s:%s\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", host, port);
    if (write(client->fd, request, length) != length) die("write");
    while (matched < 4) { /* to the end of the head, and not a byte further */
        if (read(client->fd, answer, 1) != 1) die("handshake");
        matched = answer[0] == "\r\n\r\n"[matched] ? matched + 1 : answer[0] == '\r';
    }
}

/* Read whatever comes until that moment. */
static void listen_until(int poll, double until_s) {
    struct epoll_event events[256];
    double left_s;
    do {
        left_s = until_s - now_s();
        int count = epoll_wait(poll, events, 256, left_s > 0 ? (int)(left_s * 1000 + 0.999) : 0);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; i++) receive(events[i].data.ptr);
    } while (left_s > 0.001);
}

static long move_all(int poll, int number, double per_s, double seconds) {
    char text[200];
    double begin_s = now_s(), due_s;
    long sent = 0;
    while ((due_s = begin_s + sent / per_s) < begin_s + seconds) {
        if (due_s > now_s() || sent % 20 == 0) listen_until(poll, due_s);
        int length = snprintf(text, sizeof text,
            "42[\"player:move\",{\"x\":%.6f,\"y\":0,\"direction\":\"left\",\"isMoving\":true}]", due_s);
        say(clients[sent++ % number], text, length);
    }
    return sent;
}

static double percentile_ms(double percent) {
    long wanted = heard * percent / 100, seen = 0;
    for (size_t us = 0; us < SLOTS; us++)
        if ((seen += slots[us]) > wanted) return us / 1000.0;
    return SLOTS / 1000.0;
}

int main(int count, char **arguments) {
    int poll = epoll_create1(0), number = 0;
    if (count != 7) return 2;
    double per_s = atof(arguments[3]), warm_up_s = atof(arguments[4]), seconds = atof(arguments[5]);
    double listen_s = atof(arguments[6]);
    slots = calloc(SLOTS, sizeof *slots);
    for (struct client *client; number < MAX_CLIENTS; clients[number++] = client) {
        client = calloc(1, sizeof *client);
        if (scanf("%79s %39s %399s", client->space, client->nickname, client->token) != 3) break;
        open_socket(client, arguments[1], arguments[2]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(poll, EPOLL_CTL_ADD, client->fd, &event);
    }
    while (joined < (unsigned)number) listen_until(poll, now_s() + 0.01);
    move_all(poll, number, per_s, warm_up_s);
    listen_until(poll, now_s() + listen_s);
    memset(slots, 0, SLOTS * sizeof *slots);
    heard = 0;
    double before_s = cpu_s();
    long sent = move_all(poll, number, per_s, seconds);
    listen_until(poll, now_s() + listen_s);
    double used_s = cpu_s() - before_s;
    printf("{\"sent\":%ld,\"heard\":%ld,\"cpu_s\":%.6f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", sent, heard, used_s,
        percentile_ms(50), percentile_ms(99));
    return 0;
}
