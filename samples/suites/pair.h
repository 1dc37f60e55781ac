/* What the drivers of all stacks share: one case per line of standard input ("key=value key=value"), two sockets on the
   addresses of record.mjs, and a loop that lets client and server take turns in one thread. Every case is bounded by CASE_SECONDS. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CASE_SECONDS = 8, CLIENT = 0, SERVER = 1, FAILED = -1, WAITING = 0, DONE = 1 };

static char case_line[4096];

/* The value of a key of the case, or NULL. */
static const char *option(const char *key) {
  static char values[32][512];
  static int turn;
  size_t length = strlen(key);
  for (const char *at = case_line; (at = strstr(at, key)); at += length) {
    if ((at != case_line && at[-1] != ' ') || at[length] != '=') continue;
    char *value = values[turn++ % 32];
    sscanf(at + length + 1, "%511[^ \n]", value);
    return value;
  }
  return NULL;
}

static int number(const char *key, int otherwise) {
  const char *value = option(key);
  return value ? atoi(value) : otherwise;
}

static int is(const char *key, const char *value) {
  const char *have = option(key);
  return have && strcmp(have, value) == 0;
}

static int datagrams(void) { return is("transport", "dtls"); }

static void must(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "%s\n", what);
  exit(1);
}

/* Two connected sockets; the server's has the port of the case, by which the packets are told apart later. */
static void open_pair(int ends[2]) {
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(number("port", 0)), .sin_addr = {inet_addr("192.0.2.1")}};
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {inet_addr("192.0.2.10")}};
  socklen_t size = sizeof here;
  int kind = datagrams() ? SOCK_DGRAM : SOCK_STREAM, on = 1;
  int listener = socket(AF_INET, kind, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  must(bind(listener, (void *)&there, sizeof there) == 0, "bind");
  if (kind == SOCK_STREAM) must(listen(listener, 1) == 0, "listen");
  ends[CLIENT] = socket(AF_INET, kind, 0);
  must(bind(ends[CLIENT], (void *)&here, sizeof here) == 0, "bind");
  must(connect(ends[CLIENT], (void *)&there, sizeof there) == 0, "connect");
  if (kind == SOCK_STREAM) {
    ends[SERVER] = accept(listener, NULL, NULL);
    close(listener);
    for (int i = 0; i < 2; i++) setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  } else {
    getsockname(ends[CLIENT], (void *)&here, &size);
    must(connect(listener, (void *)&here, sizeof here) == 0, "connect");
    ends[SERVER] = listener;
  }
  for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFL, O_NONBLOCK);
}

/* What is left unread would turn the FIN of the socket into an RST. */
static void close_pair(int ends[2]) {
  char rest[4096];
  for (int i = 0; i < 2; i++) {
    while (recv(ends[i], rest, sizeof rest, 0) > 0) continue;
    close(ends[i]);
  }
}

/* Takes one step of one end as far as it goes. */
typedef int (*step)(void *end);

/* Lets both ends go on until both are done. */
static int drive(int ends[2], step client_step, void *client, step server_step, void *server) {
  time_t limit = time(NULL) + CASE_SECONDS;
  int client_state = WAITING, server_state = WAITING;
  while (client_state != DONE || server_state != DONE) {
    if (client_state == WAITING) client_state = client_step(client);
    if (server_state == WAITING) server_state = server_step(server);
    if (client_state == FAILED || server_state == FAILED || time(NULL) > limit) return FAILED;
    struct pollfd ready[2] = {{ends[CLIENT], POLLIN, 0}, {ends[SERVER], POLLIN, 0}};
    if (client_state == WAITING || server_state == WAITING) poll(ready, 2, 2);
  }
  return DONE;
}

static FILE *key_file;

static void note_keys(const char *line) {
  if (key_file) fprintf(key_file, "%s\n", line);
}

/* The parts of a comma-separated option, one per call, NULL at the end. */
__attribute__((unused)) static char *next_part(const char *key) {
  static char copy[512];
  static char *at;
  if (key) {
    const char *value = option(key);
    snprintf(copy, sizeof copy, "%s", value ? value : "");
    at = copy;
  }
  return strsep(&at, ",");
}

/* Runs every case of standard input and answers each with a line: "ok ..." or "failed ...". */
static void run_cases(void (*run)(char *answer, size_t size)) {
  char answer[1024];
  while (fgets(case_line, sizeof case_line, stdin)) {
    const char *keys = option("keys");
    key_file = keys ? fopen(keys, "a") : NULL;
    alarm(3 * CASE_SECONDS);
    run(answer, sizeof answer);
    if (key_file) fclose(key_file);
    printf("%s\n", answer);
    fflush(stdout);
  }
}
