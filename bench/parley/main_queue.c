/* Preloaded where the server runs under valgrind: dispatch_main() ends the main thread, and valgrind 3.19 does not survive the threads
   that are made after that. Here the main thread stays and serves the main queue as a run loop would. */
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

extern int _dispatch_get_main_queue_handle_4CF(void);
extern void _dispatch_main_queue_callback_4CF(void *);

void dispatch_main(void) {
    struct pollfd queue = {.fd = _dispatch_get_main_queue_handle_4CF(), .events = POLLIN};
    for (;;) {
        uint64_t count;
        if (poll(&queue, 1, -1) == 1 && read(queue.fd, &count, sizeof count) > 0) _dispatch_main_queue_callback_4CF(0);
    }
}
