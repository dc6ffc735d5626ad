"""A user over plain HTTP."""

import json
import urllib.error
import urllib.request

PASSWORD = 'correct horse 9'


class Refused(Exception):
    pass


def post(url, body, token=None):
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={'Content-Type': 'application/json'})
    if token:
        request.add_header('Authorization', f'Bearer {token}')
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refused(json.load(error)) from error


class Person:
    def __init__(self, base, name):
        self.base = base
        grant = post(f'{base}/v1/login', {'name': name, 'password': PASSWORD, 'device': 'judge'})
        self.user, self.token = grant['user'], grant['access_token']

    def ask(self, kind, **fields):
        return post(f'{self.base}/v1/request', {'type': kind, 'id': 1, **fields}, self.token)

    def log(self, conversation):
        """Every entry, oldest first."""
        entries = []
        while True:
            page = self.ask('history', conversation=conversation, after=len(entries), limit=200)
            entries += page['entries']
            if not page['more']:
                return entries

    def members(self, conversation):
        found, slot = [], 0
        while True:
            page = self.ask('members', conversation=conversation, after_slot=slot, limit=200)
            found += page['members']
            if not page['more']:
                return found
            slot = found[-1]['slot']
