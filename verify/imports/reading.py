"""An independent reading of IRC logs: what `parley import irc` must have made of them. Shares no code with it."""

import datetime
import pathlib
import re
from collections import Counter

NICK = r'[A-Za-z0-9\[\]\\`_^{|}-]{1,32}'
SPEECH = re.compile(r'\[([01]\d|2[0-3]):([0-5]\d)\] <([^>]*)>(.*)', re.S)
DEED = re.compile(r'\[([01]\d|2[0-3]):([0-5]\d)\] +(\* (\S+) .*)', re.S)
MOVE = re.compile(r'=== (.+?) \[.*\] +has (joined #|left #|quit)')
RENAME = re.compile(r'=== (.+) is now known as (.+)$', re.S)
KICK = re.compile(r'=== (.+?) was kicked off #')
NOTICES = ((re.compile(r'=== mode/'), 'mode'), (re.compile(r'=== \.\.\[topic/'), 'topic'), (re.compile(rf'=== {NICK} changed the topic of #'), 'topic'),
           (re.compile(r'=== net(joined|split): '), 'network'))


def nick(text):
    """The nick without the spaces that old logs put after a bracket; None if it is none."""
    text = re.sub(r'\] +', ']', text)
    return text if re.fullmatch(NICK, text) else None


def account(name):
    return 'irc:' + re.sub(r'[^a-z0-9_-]', lambda found: f'@{ord(found[0]):x}', name.lower())


class Expected:
    def __init__(self, paths):
        self.counts = Counter()
        self.rejected = Counter()
        self.answers = Counter()
        self.messages = {}  # client id -> (account, text, time, client id of what it answers)
        self.moves = {}  # client id -> (kind of entry, account) of lines by which somebody came or went by himself
        self.removed = []  # (client id, account) of those who were kicked, by the owner
        self.inside = set()
        self.names = {}
        for path in sorted(map(pathlib.Path, paths), key=lambda each: each.name):
            self.read(path)

    def read(self, path):
        name = path.name
        data = path.read_bytes()
        rows = data.split(b'\n')
        if rows[-1] == b'':
            rows.pop()
        rows = [row[:-1] if row.endswith(b'\r') else row for row in rows]
        self.counts['lines'] += len(rows)
        parsed = [self.parse(row, rows) for row in rows]
        day = datetime.datetime.strptime(name[:10], '%Y-%m-%d').replace(tzinfo=datetime.timezone.utc).timestamp() * 1000
        minute = next((each[1] for each in parsed if each[1] is not None), 0)
        spoken = {number for number, each in enumerate(parsed) if each[0] == 'says'}
        answers = self.annotations(path, len(rows), spoken)
        for number, (kind, own, *rest) in enumerate(parsed):
            minute = minute if own is None else own
            client = f'{name}:{number}'
            if kind == 'says':
                who, text = rest
                self.sees(who)
                self.inside.add(account(who))
                target = answers.get(number)
                self.messages[client] = (account(who), text, int(day) + minute * 60_000, None if target is None else f'{name}:{target}')
                self.counts['messages'] += 1
            elif kind == 'reject':
                self.rejected[rest[0]] += 1
            else:
                self.move(kind, rest, client, parsed[:number])

    def sees(self, who):
        self.names[account(who)] = who

    def move(self, kind, who, client, before):
        for each in who:
            self.sees(each)
        first = account(who[0])
        seen = any(first in map(account, each[2:3] if each[0] == 'says' else each[2:]) for each in before if each[0] != 'reject')
        # Who does something, and did not come before our eyes, was there.
        there = first in self.inside or not seen
        if kind == 'joins':
            there = first in self.inside
            self.counts['repeated joins' if there else 'joins'] += 1
            if not there:
                self.moves[client, first] = 'joined'
            self.inside.add(first)
        elif kind == 'leaves':
            self.counts['parts' if there else 'repeated parts'] += 1
            if there:
                self.moves[client, first] = 'left'
            self.inside.discard(first)
        elif kind == 'kicked':
            self.counts['kicks'] += 1
            if there:
                self.removed.append((client, first))
            self.inside.discard(first)
        else:
            self.counts['renames'] += 1
            second = account(who[1])
            if first == second:
                self.inside |= {first} if there else set()
            else:
                if there:
                    self.moves[client, first] = 'left'
                if second not in self.inside:
                    self.moves[client, second] = 'joined'
                self.inside.discard(first)
                self.inside.add(second)

    def parse(self, row, rows):
        if len(row) > 32_768:
            return 'reject', None, 'long'
        line = row.decode('utf-8', 'replace')
        found = SPEECH.fullmatch(line)
        if found:
            minute = int(found[1]) * 60 + int(found[2])
            return self.speech(minute, found[3], found[4][1:] if found[4].startswith(' ') else found[4])
        found = DEED.fullmatch(line)
        if found:
            return self.speech(int(found[1]) * 60 + int(found[2]), found[4], found[3])
        if not line.startswith('=== '):
            minute = re.match(r'\[([01]\d|2[0-3]):([0-5]\d)\]', line)
            return 'reject', minute and int(minute[1]) * 60 + int(minute[2]), 'malformed'
        found = RENAME.fullmatch(line)
        if found and nick(found[1]) and nick(found[2]):
            return 'renames', None, nick(found[1]), nick(found[2])
        found = MOVE.match(line)
        if found and nick(found[1]):
            return 'joins' if found[2].startswith('joined') else 'leaves', None, nick(found[1])
        found = KICK.match(line)
        if found and nick(found[1]):
            return 'kicked', None, nick(found[1])
        for pattern, reason in NOTICES:
            if pattern.match(line):
                return 'reject', None, reason
        words = line[4:].split(' ')
        broken = words[0] + words[1] if len(words) > 1 and words[0].endswith(']') and nick(words[0] + words[1]) else None
        if broken and any(f'<{words[0]} {words[1]}>'.encode() in each or f'<{broken}>'.encode() in each for each in rows):
            return self.speech(None, broken, '* ' + line[4:])
        if len(words) > 1 and nick(words[0]):
            return self.speech(None, words[0], '* ' + line[4:])
        return 'reject', None, 'malformed'

    @staticmethod
    def speech(minute, who, text):
        if not nick(who):
            return 'reject', minute, 'nick'
        if not text:
            return 'reject', minute, 'empty'
        if len(text) > 8_000:
            return 'reject', minute, 'long'
        return 'says', minute, nick(who), text

    def annotations(self, path, lines, spoken):
        beside = path.with_name(path.name.removesuffix('.raw.txt') + '.annotation.txt')
        answers, decided = {}, set()
        for row in beside.read_text().splitlines() if beside.exists() else []:
            if not row:
                continue
            self.answers['all'] += 1
            found = re.fullmatch(r'(\d{1,9}) (\d{1,9}) - *', row)
            first, answer = map(int, found.groups()) if found else (0, 0)
            if not found:
                self.answers['bad'] += 1
            elif first == answer:
                self.answers['none'] += 1
            elif answer in decided:
                self.answers['second'] += 1
            else:
                decided.add(answer)
                if first > answer:
                    self.answers['bad'] += 1
                elif first in spoken and answer in spoken:
                    self.answers['replies'] += 1
                    answers[answer] = first
                else:
                    self.answers['no message'] += 1
        return answers
