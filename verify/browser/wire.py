"""A client without a page: it sets the stage and looks up what the server really has."""

import itertools
import json
import urllib.error
import urllib.request

import websocket

PASSWORD = 'correct horse 9'
_numbers = itertools.count(1)


class Refused(Exception):
    pass


def call(base, method, path, body=None, token=None):
    request = urllib.request.Request(f'{base}/v1/{path}', method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header('Content-Type', 'application/json')
    if token:
        request.add_header('Authorization', f'Bearer {token}')
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refused(error.read().decode()) from error


class Wire:
    """One user on one socket."""

    def __init__(self, base, grant=None, name=None, register=False):
        self.base = base
        if grant is None:
            body = {'name': name, 'password': PASSWORD, 'device': 'wire'}
            grant = call(base, 'POST', 'register' if register else 'login', body)
        self.user, self.name, self.token = grant['user'], grant['name'], grant['access_token']
        self.socket = websocket.create_connection(base.replace('http', 'ws', 1) + '/v1/ws', subprotocols=['parley.json.1'], timeout=10)
        self.hello = json.loads(self.socket.recv())
        self.request('auth', token=self.token)

    def request(self, kind, /, **fields):
        number = next(_numbers)
        self.socket.send(json.dumps({'type': kind, 'id': number, **fields}))
        while True:
            frame = json.loads(self.socket.recv())
            if frame.get('id') == number:
                if frame['type'] == 'error':
                    raise Refused(frame)
                return frame

    def act(self, kind, conversation, /, **fields):
        """A command of a conversation's log."""
        return self.request(kind, client_id=f'c{next(_numbers)}-{self.user}', conversation=conversation, **fields)

    def link(self, conversation, **fields):
        """Makes an invite link; returns its token."""
        name = {link['link'] for link in self.request('links', conversation=conversation)['links']}
        self.act('link', conversation, **fields)
        return next(link['token'] for link in self.request('links', conversation=conversation)['links'] if link['link'] not in name)

    def create(self, title, *members):
        return self.request('create', client_id=f'k{next(_numbers)}-{self.user}', kind='group', title=title, members=list(members))['conversation']

    def direct(self, peer):
        return self.request('create', client_id=f'k{next(_numbers)}-{self.user}', kind='direct', members=[peer])['conversation']

    def send(self, conversation, text):
        content = {'type': 'text', 'text': text}
        return self.request('send', conversation=conversation, client_id=f'm{next(_numbers)}-{self.user}', content=content)['sequence']

    def pour(self, conversation, texts):
        """Sends many without waiting for each answer: fifty at a time."""
        for begin in range(0, len(texts), 50):
            waiting = set()
            for text in texts[begin:begin + 50]:
                number = next(_numbers)
                waiting.add(number)
                self.socket.send(json.dumps({'type': 'send', 'id': number, 'conversation': conversation, 'client_id': f'm{number}-{self.user}',
                                             'content': {'type': 'text', 'text': text}}))
            while waiting:
                frame = json.loads(self.socket.recv())
                if frame.get('id') not in waiting:
                    continue
                if frame['type'] == 'error':
                    raise Refused(frame)
                waiting.remove(frame['id'])

    def log(self, conversation):
        """Every entry, oldest first."""
        entries, after = [], 0
        while True:
            page = self.request('history', conversation=conversation, after=after, limit=200)
            entries += page['entries']
            if not page['more']:
                return entries
            after = entries[-1]['sequence']

    def texts(self, conversation):
        return [entry['content']['text'] for entry in self.log(conversation) if entry['kind'] == 'message']

    def close_code(self):
        """Waits for the server to end the connection."""
        while True:
            opcode, data = self.socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], 'big')

    def close(self):
        self.socket.close()
