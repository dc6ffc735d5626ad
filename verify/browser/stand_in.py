"""A stand-in for the server, in memory: enough of docs/PROTOCOL.md to drive the page. Also serves the page with its real headers."""
import argparse, asyncio, itertools, json, os, time
from aiohttp import web, WSMsgType

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; "
          "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
          "require-trusted-types-for 'script'; trusted-types 'none'")
EPOCH, HEARTBEAT = 'e1', 30_000
now = lambda: int(time.time() * 1000)
number = itertools.count(1)
fresh = lambda prefix: f'{prefix}{next(number)}'
users, names, tokens, refreshes, tickets, sockets, talks, directs, clients = {}, {}, {}, {}, {}, set(), {}, {}, {}


class Refused(Exception):
    def __init__(self, code, name, retry='never', **more):
        self.frame = {'type': 'error', 'code': code, 'name': name, 'message': name, 'retry': retry, **more}


class Talk:
    def __init__(self, id, kind, title, creator):
        self.id, self.kind, self.title, self.log, self.members, self.read = id, kind, title, [], {creator: 'owner'}, {}

    def append(self, kind, sender, content, client_id=None):
        entry = {'sequence': len(self.log) + 1, 'message': fresh('m'), 'kind': kind, 'sender': sender}
        if client_id: entry['client_id'] = client_id
        entry |= {'time': now(), 'content': content}
        self.log.append(entry)
        return entry

    def unread(self, user):
        return sum(e['kind'] == 'message' and e['sender'] != user for e in self.log[self.read.get(user, 0):])

    def summary(self, user, positions):
        s = {'conversation': self.id, 'kind': self.kind, 'title': self.title}
        if self.kind == 'direct': s['peer'] = next(u for u in self.members if u != user)
        s |= {'role': self.members[user], 'members': len(self.members), 'head': len(self.log), 'read': self.read.get(user, 0),
              'delivered': 0, 'unread': self.unread(user), 'visible_from': 1, 'time': self.log[-1]['time']}
        last = [e for e in self.log if e['kind'] == 'message'][-1:]
        if last: s['preview'] = last[0]
        at = positions.get(self.id)
        if at is not None and at < len(self.log):
            s['entries'] = self.log[at:at + 50]; s['more'] = len(self.log) > at + 50
        return s


class Connection:
    def __init__(self, ws): self.ws, self.user, self.session, self.queue = ws, None, None, asyncio.Queue()
    def push(self, frame): self.queue.put_nowait(frame)
    async def write(self):
        while True:
            frame = await self.queue.get()
            await self.ws.send_str(json.dumps(frame))


def deliver(talk, entry, but=None, also=()):
    for c in sockets:
        if c is not but and (c.user in talk.members or c.user in also):
            c.push({'type': 'event', 'conversation': talk.id, **entry})


def grant(user):
    session, access, refresh = fresh('s'), fresh('pa1.'), fresh('pr1.')
    tokens[access], refreshes[refresh] = (user, session), (user, session)
    return {'type': 'grant', 'user': user, 'name': names[user], 'session': session, 'access_token': access,
            'access_expires': now() + 600_000, 'refresh_token': refresh}


def bearer(request):
    token = request.headers.get('Authorization', '')[7:]
    if token not in tokens: raise Refused(40101, 'bad_token', 'after_change')
    return token


async def api(request):
    try:
        body = json.loads(await request.read() or b'{}')
        return web.json_response(answer(request, body))
    except Refused as error:
        return web.json_response(error.frame, status=error.frame['code'] // 100)


def answer(request, body):
    path = request.path
    if path == '/v1/register':
        if len(body['password']) < 8: raise Refused(40004, 'out_of_range', field='password', rule='8 characters or more')
        if body['name'] in users: raise Refused(40901, 'name_taken', 'after_change')
        user = fresh('u'); users[body['name']] = (user, body['password']); names[user] = body['name']
        return grant(user)
    if path == '/v1/login':
        user, password = users.get(body['name'], (None, None))
        if not user or password != body['password']: raise Refused(40105, 'wrong_credentials', 'after_change')
        return grant(user)
    if path == '/v1/refresh':
        user, session = refreshes.pop(body['refresh_token'], (None, None))
        if not user: raise Refused(40101, 'bad_token', 'after_change')
        return grant(user)
    token = bearer(request)
    user, session = tokens[token]
    if path == '/v1/ticket':
        ticket = fresh('pt1.'); tickets[ticket] = (user, session)
        return {'type': 'ticket', 'ticket': ticket, 'expires': now() + 30_000}
    if path == '/v1/logout':
        del tokens[token]
        for key in [k for k, v in refreshes.items() if v[1] == session]: del refreshes[key]
        for c in list(sockets):
            if c.session == session: asyncio.ensure_future(c.ws.close(code=4401))
        return {'type': 'ok'}
    if path == '/v1/me':
        return {'type': 'me', 'user': user, 'name': names[user], 'session': session, 'device': 'x'}
    if path == '/v1/users':
        prefix = request.query['prefix'].lower()
        return {'type': 'users', 'users': [{'user': u, 'name': n} for u, n in names.items() if n.lower().startswith(prefix)][:20]}
    raise Refused(40400, 'not_found')


def handle(c, f):
    kind = f['type']
    if kind == 'auth':
        who = tickets.pop(f.get('ticket'), None) or tokens.get(f.get('token'))
        if not who: raise Refused(40101, 'bad_token', 'after_change')
        c.user, c.session = who; sockets.add(c)
        return {'type': 'ready', 'user': c.user, 'name': names[c.user], 'session': c.session, 'connection': fresh('c')}
    if kind == 'ping': return {'type': 'pong', 'time': now()}
    if kind == 'sync':
        if f['epoch'] != EPOCH: raise Refused(41000, 'start_over', 'after_change')
        mine = sorted((t for t in talks.values() if c.user in t.members), key=lambda t: t.log[-1]['time'])
        return {'type': 'synced', 'epoch': EPOCH, 'token': '1.1', 'conversations': [t.summary(c.user, f['positions']) for t in mine], 'more': False}
    if kind == 'users': return {'type': 'users', 'users': [{'user': u, 'name': names[u]} for u in f['users'] if u in names]}
    if kind == 'create':
        members = f['members']
        for m in members:
            if m not in names: raise Refused(40401, 'unknown_user')
        pair = tuple(sorted([c.user, *members])) if f['kind'] == 'direct' else None
        key = pair or (c.user, f['client_id'])
        talk = directs.get(key)
        if not talk:
            talk = directs[key] = Talk(fresh('g'), f['kind'], f.get('title', ''), c.user)
            talks[talk.id] = talk
            talk.members |= {m: 'member' for m in members}
            entry = talk.append('created', c.user, {'type': 'created', 'kind': f['kind'], 'title': talk.title, 'users': members, 'slots': []})
            deliver(talk, entry, but=c)
        first = talk.log[0]
        return {'type': 'created', 'conversation': talk.id, 'client_id': f['client_id'], 'sequence': 1, 'message': first['message'], 'time': first['time']}
    talk = talks.get(f['conversation'])
    if not talk or c.user not in talk.members: raise Refused(40300, 'not_member')
    if kind == 'send':
        text = f['content']['text']
        if len(text) > 8000: raise Refused(40005, 'too_long', field='content.text', rule='at most 8000 characters')
        known = clients.get((c.user, f['client_id']))
        if not known:
            known = clients[c.user, f['client_id']] = talk.append('message', c.user, f['content'], f['client_id'])
            deliver(talk, known, but=c)
        return {'type': 'ack', 'conversation': talk.id, 'client_id': f['client_id'], 'sequence': known['sequence'], 'message': known['message'], 'time': known['time']}
    if kind == 'history':
        limit = f.get('limit', 50)
        if 'after' in f:
            found = talk.log[f['after']:f['after'] + limit]; more = f['after'] + limit < len(talk.log)
        else:
            end = min(f.get('before', len(talk.log) + 1) - 1, len(talk.log))
            found = talk.log[max(0, end - limit):end][::-1]; more = end > limit
        return {'type': 'page', 'conversation': talk.id, 'head': len(talk.log), 'entries': found, 'more': more}
    if kind == 'read':
        talk.read[c.user] = max(talk.read.get(c.user, 0), f.get('sequence', 0))
        for other in sockets:
            if other.user == c.user and other is not c:
                other.push({'type': 'position', 'conversation': talk.id, 'read': talk.read[c.user], 'delivered': 0, 'unread': talk.unread(c.user)})
        return {'type': 'ok'}
    if kind == 'members':
        return {'type': 'members', 'conversation': talk.id, 'more': False,
                'members': [{'user': u, 'name': names[u], 'slot': i + 1, 'role': r, 'active': True} for i, (u, r) in enumerate(talk.members.items())]}
    if kind in ('remove', 'leave', 'add'):
        if kind == 'add':
            talk.members |= {u: 'member' for u in f['users']}
            entry = talk.append('added', c.user, {'type': 'added', 'users': f['users'], 'slots': []}); gone = c.user
        else:
            gone = f.get('user', c.user)
            entry = talk.append('left' if kind == 'leave' else 'removed', c.user, {'type': 'ended', 'user': gone})
            del talk.members[gone]
        deliver(talk, entry, but=c, also=(gone,))
        return {'type': 'ack', 'conversation': talk.id, 'client_id': f['client_id'], 'sequence': entry['sequence'], 'message': entry['message'], 'time': entry['time']}
    raise Refused(40001, 'unknown_type')


async def socket(request):
    ws = web.WebSocketResponse(protocols=['parley.json.1'], max_msg_size=131_072)
    await ws.prepare(request)
    c = Connection(ws)
    writer = asyncio.ensure_future(c.write())
    c.push({'type': 'hello', 'protocol': 'parley.json.1', 'epoch': EPOCH, 'heartbeat_ms': HEARTBEAT, 'auth_ms': 5000,
            'limits': {'frame_bytes': 131072, 'text_characters': 8000, 'page_entries': 200, 'requests_in_flight': 64}})
    async def beat():
        while True:
            await asyncio.sleep(HEARTBEAT / 1000)
            c.push({'type': 'heartbeat', 'time': now(), 'heads': {}})
    beating = asyncio.ensure_future(beat())
    try:
        async for message in ws:
            if message.type != WSMsgType.TEXT: break
            frame = json.loads(message.data)
            try: c.push({**(a := handle(c, frame)), 'type': a['type'], 'id': frame['id']})
            except Refused as error: c.push({**error.frame, 'id': frame['id']})
    finally:
        sockets.discard(c); writer.cancel(); beating.cancel()
    return ws


async def page(request):
    root = os.path.realpath(os.environ.get('PARLEY_WEB', os.path.join(os.path.dirname(__file__), '../../Web')))
    path = os.path.realpath(os.path.join(root, request.path.lstrip('/') or 'index.html'))
    if not path.startswith(root) or not os.path.isfile(path): raise web.HTTPNotFound()
    return web.FileResponse(path, headers={'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-cache'})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('command', nargs='?'); parser.add_argument('--data'); parser.add_argument('--listen', default='127.0.0.1:8080')
    host, port = parser.parse_args().listen.rsplit(':', 1)
    app = web.Application()
    app.router.add_get('/v1/ws', socket)
    app.router.add_get('/healthz', lambda r: web.json_response({'status': 'ok'}))
    app.router.add_route('*', '/v1/{tail:.*}', api)
    app.router.add_get('/{tail:.*}', page)
    web.run_app(app, host=host, port=int(port), print=None, shutdown_timeout=0.1)


main()
