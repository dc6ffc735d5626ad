"""A TCP proxy between browser and server, for what a network does to people: cut, stall, refuse, lose one direction."""

import socket
import threading

CHUNK = 65_536


class Pair:
    def __init__(self, client, server):
        self.client, self.server = client, server
        self.is_socket = False

    def close(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class Proxy:
    """Modes: `pass`, `refuse` (nothing gets in), `refuse_sockets` (pages load, WebSockets do not),
    `stall` (open, but nothing moves), `deaf` (what the server says is lost)."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.mode = 'pass'
        self.lock = threading.Lock()
        self.pairs = set()
        self.changed = threading.Condition(self.lock)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.port}'

    def cut(self):
        """Ends every connection and lets none in."""
        self.set('refuse')
        self.drop()

    def drop(self, sockets_only=False):
        with self.lock:
            gone = [pair for pair in self.pairs if pair.is_socket or not sockets_only]
            self.pairs.difference_update(gone)
        for pair in gone:
            pair.close()

    def set(self, mode):
        with self.changed:
            self.mode = mode
            self.changed.notify_all()

    def restore(self):
        self.set('pass')

    def close(self):
        self.listener.close()
        self.drop()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.mode == 'refuse':
                client.close()
                continue
            try:
                server = socket.create_connection(('127.0.0.1', self.target_port))
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = Pair(client, server)
            with self.lock:
                self.pairs.add(pair)
            threading.Thread(target=self._pump, args=(pair, client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(pair, server, client, True), daemon=True).start()

    def _pump(self, pair, source, sink, from_server):
        try:
            while data := source.recv(CHUNK):
                if not from_server and data.startswith(b'GET ') and b'/v1/ws' in data.split(b'\r\n', 1)[0]:
                    pair.is_socket = True
                    if self.mode == 'refuse_sockets':
                        break
                with self.changed:
                    self.changed.wait_for(lambda: self.mode != 'stall' or pair not in self.pairs)
                if from_server and self.mode == 'deaf' and pair.is_socket:
                    continue
                sink.sendall(data)
        except OSError:
            pass
        with self.changed:
            self.pairs.discard(pair)
        pair.close()
