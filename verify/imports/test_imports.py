"""What `parley import irc` makes of logs, compared with an independent reading of them (`reading.py`), through the public protocol."""

import os
import pty
import random
import re
import signal
import subprocess

import pytest

from people import PASSWORD, Refused, post
from reading import Expected, account

ROWS = {'lines': 'lines', 'messages': 'messages', 'joins': 'joins', 'joins of who was there': 'repeated joins', 'parts': 'parts',
        'parts of who was gone': 'repeated parts', 'renames': 'renames', 'kicks': 'kicks'}
REASONS = {'a mode of the channel': 'mode', 'the topic of the channel': 'topic', 'a notice of the network': 'network', 'no text': 'empty',
           'longer than 8,000 characters': 'long', 'no nick that an account can be made for': 'nick', 'no line of an IRC log': 'malformed'}
ANSWERS = {'annotations': 'all', 'replies': 'replies', 'answers to nothing': 'none', 'second answers': 'second',
           'to or from what is no message': 'no message', 'malformed': 'bad'}


def same_counts(table, expected):
    """Every line stands in one count, and each count is what the independent reading has."""
    assert {name: table[name] for name in ROWS} == {name: expected.counts[mine] for name, mine in ROWS.items()}
    assert {name: table[name] for name in REASONS} == {name: expected.rejected[mine] for name, mine in REASONS.items()}
    assert {name: table[name] for name in ANSWERS} == {name: expected.answers[mine] for name, mine in ANSWERS.items()}
    assert table['lines'] == table['messages'] + table['membership'] + table['rejected']
    assert table['membership'] == sum(table[name] for name in list(ROWS)[2:])
    assert table['rejected'] == sum(expected.rejected.values())
    assert table['nicks'] == len(expected.names)


def same_group(owner, expected, group='irc'):
    """Every message with sender, time, text, order and what it answers; everybody who came and went; who is in at the end."""
    log = owner.log(group)
    assert [entry['sequence'] for entry in log] == list(range(1, len(log) + 1))
    by_sequence = {entry['sequence']: entry for entry in log}
    messages = [entry for entry in log if entry['kind'] == 'message']
    assert [entry['client_id'] for entry in messages] == list(expected.messages)
    for entry in messages:
        sender, text, time, answers = expected.messages[entry['client_id']]
        assert (entry['sender'], entry['time'], entry['content']) == (sender, time, {'type': 'text', 'text': text}), entry
        assert (by_sequence[entry['reply_to']]['client_id'] if 'reply_to' in entry else None) == answers, entry
    moves = {(entry['client_id'], entry['sender']): entry['kind'] for entry in log if entry['kind'] in ('joined', 'left')}
    assert moves == expected.moves
    assert [(entry['client_id'], entry['content']['user']) for entry in log if entry['kind'] == 'removed'] == expected.removed
    assert {entry['kind'] for entry in log} <= {'created', 'link', 'added', 'joined', 'left', 'removed', 'message'}
    members = owner.members(group)
    assert {each['user'] for each in members if each['active']} == expected.inside | {owner.user}
    assert {each['user']: each['name'] for each in members if each['user'] != owner.user} == expected.names
    return [{name: value for name, value in entry.items() if name != 'message'} for entry in log]


def whole(parley, serve, folder, logs, **more):
    """Imports twice and compares both with the independent reading."""
    expected = Expected(logs)
    first = parley.run_import(folder, logs, **more)
    same_counts(first, expected)
    assert first['entries that were there'] == 0 and first['accounts made'] == len(expected.names)
    with serve(folder) as owner:
        log = same_group(owner, expected)
        assert first['entries new'] == len(log) - 1, 'all but the one that makes the group'
        head = owner.ask('sync')['conversations'][0]
        assert (head['unread'], head['title'], head['role']) == (0, '#kitchen', 'owner')
        assert owner.ask('links', conversation='irc')['links'] == [], 'the links that people came in by are over'
    second = parley.run_import(folder, logs)
    same_counts(second, expected)
    assert (second['entries new'], second['accounts made'], second['accounts written in another way']) == (0, 0, 0)
    assert second['entries that were there'] == first['entries new']
    with serve(folder) as owner:
        assert same_group(owner, expected) == log
    assert parley.check(folder).stdout.startswith('sound: 1 conversations')
    return log


def test_the_sample(parley, serve, sample, tmp_path):
    log = whole(parley, serve, tmp_path / 'data', sample, rejects=tmp_path / 'rejects.txt')
    rejects = (tmp_path / 'rejects.txt').read_text(errors='replace').splitlines()
    assert '2001-03-04.kitchen.raw.txt:26: no text: [01:08] <Frieda>' in rejects
    assert len(rejects) == sum(Expected(sample).rejected.values())
    texts = [entry['content']['text'] for entry in log if entry['kind'] == 'message']
    assert 'caf� in latin-1, café in utf-8' in texts and ' two spaces, a tab\tand a bell\x07' in texts


def test_all_real_logs(parley, serve, real, tmp_path):
    expected = Expected(real)
    whole(parley, serve, tmp_path / 'data', real)
    print(f'\n{len(real)} logs, {expected.counts["lines"]} lines, {expected.counts["messages"]} messages, {expected.answers["replies"]} replies')


def made_logs(folder, seed, days=12, lines=400):
    """Logs at random, with every kind of line, of few people, so that they meet in every state."""
    rng = random.Random(seed)
    folder.mkdir()
    people = ['Ann', 'ann', 'Bo[x]', 'c^3', 'Dee|away', 'Dee', 'eve_', 'F`', 'gus', 'Hal-9']

    def line(number):
        who, other = rng.choice(people), rng.choice(people)
        time = f'[{number * 1440 // lines // 60:02}:{number * 1440 // lines % 60:02}]'
        return rng.choices([
            f'{time} <{who}> {other}: number {number}' + ' word' * rng.randrange(20), f'{time}  * {who} nods', f'=== {who} waves at {other}',
            f'=== {who} [~x@host.example]  has joined #kitchen', f'=== {who} [~x@host.example]  has left #kitchen []',
            f'=== {who} is now known as {other}', f'=== {who} was kicked off #kitchen by {other} (enough)', '=== mode/#kitchen [+o x]  by y',
            f'{time} <{who}>', f'{time} <{who}> ' + 'x' * 8_001, f'{time} <{who}> ' + 'ü' * 20_000, f'{time} <{who}> ' + '\U0001F372' * 8_000, 'nonsense',
        ], [60, 3, 3, 8, 6, 6, 1, 1, 1, .2, .2, .2, .5])[0]

    for day in range(days):
        rows = [line(number) for number in range(lines)]
        (folder / f'2002-01-{day + 1:02}.made.raw.txt').write_text('\n'.join(rows) + '\n')
        pairs = [sorted((rng.randrange(lines), rng.randrange(lines + 5))) for _ in range(lines // 3)]
        (folder / f'2002-01-{day + 1:02}.made.annotation.txt').write_text(''.join(f'{a} {b} -\n' for a, b in pairs))
    return sorted(folder.glob('*.raw.txt'))


def test_logs_at_random(parley, serve, tmp_path):
    seed = random.randrange(10**6)
    print(f'seed {seed}')
    whole(parley, serve, tmp_path / 'data', made_logs(tmp_path / 'logs', seed, days=4))


def test_killed_in_the_middle(parley, serve, tmp_path):
    """SIGKILL again and again, at another place each time, and on: the same group as in one run."""
    seed = random.randrange(10**6)
    print(f'seed {seed}')
    rng = random.Random(seed)
    logs = made_logs(tmp_path / 'logs', seed)
    parley.run_import(tmp_path / 'once', logs)
    kills = 0
    for last in range(len(logs)):
        process = parley.start_import(tmp_path / 'often', logs)
        for _ in range(last + 1):
            process.stderr.readline()
        # Somewhere in the file that was just named.
        for _ in range(rng.randrange(3)):
            parley.check(tmp_path / 'nowhere')
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills > 2, 'the import was over before it could be killed'
    last = parley.run_import(tmp_path / 'often', logs)
    same_counts(last, Expected(logs))
    histories = []
    for folder in (tmp_path / 'once', tmp_path / 'often'):
        with serve(folder) as owner:
            histories.append([{**each, 'sender': each['sender'].replace(owner.user, 'owner')} for each in same_group(owner, Expected(logs))])
    assert histories[0] == histories[1]


def test_day_by_day_is_the_same_as_at_once(parley, serve, tmp_path):
    logs = made_logs(tmp_path / 'logs', random.randrange(10**6), days=3)
    for log in logs:
        parley.run_import(tmp_path / 'data', [log])
    with serve(tmp_path / 'data') as owner:
        log = owner.log('irc')
        moves = {(entry['client_id'], entry['sender']): entry['kind'] for entry in log if entry['kind'] in ('joined', 'left')}
        assert moves == Expected(logs).moves
        assert [entry['client_id'] for entry in log if entry['kind'] == 'message'] == list(Expected(logs).messages)
    assert parley.run_import(tmp_path / 'data', logs)['entries new'] == 0


def test_a_log_that_changed_since(parley, sample, tmp_path):
    """Other words under a known line are told, not taken."""
    folder = tmp_path / 'logs'
    folder.mkdir()
    log = folder / sample[1].name
    log.write_bytes(sample[1].read_bytes())
    parley.run_import(tmp_path / 'data', [log])
    log.write_bytes(log.read_bytes().replace(b'second day', b'another day'))
    table = parley.run_import(tmp_path / 'data', [log], rejects=tmp_path / 'rejects.txt')
    assert (table['stored before with other content'], table['entries new']) == (1, 0)
    assert 'another day' in (tmp_path / 'rejects.txt').read_text()


def test_nobody_is_taken_over(parley, serve, tmp_path):
    """An account that somebody has keeps its name and its messages; the accounts of nicks cannot log in."""
    (tmp_path / '2003-01-01.txt').write_text('[10:00] <Ann> I am another Ann\n')
    (tmp_path / '2003-01-02.txt').write_text('[10:00] <Librarian> so am I\n')
    parley.run_import(tmp_path / 'data', [tmp_path / '2003-01-02.txt'])
    with serve(tmp_path / 'data') as owner:
        ann = post(owner.base + '/v1/register', {'name': 'Ann', 'password': PASSWORD, 'device': 'x'})
    parley.run_import(tmp_path / 'data', [tmp_path / '2003-01-01.txt'])
    with serve(tmp_path / 'data') as owner:
        names = {each['user']: each['name'] for each in owner.members('irc')}
        assert ann['user'] not in names and names['irc:ann'] == 'Ann (irc)' and names['irc:librarian'] == 'Librarian (irc)'
        for password in ('', 'irc:ann', PASSWORD):
            with pytest.raises(Refused):
                post(owner.base + '/v1/login', {'name': 'Ann (irc)', 'password': password, 'device': 'x'})
        with pytest.raises(Refused):
            post(owner.base + '/v1/request', {'type': 'history', 'id': 1, 'conversation': 'irc'}, ann['access_token'])


def test_what_cannot_be_imported_is_said_in_one_sentence(parley, serve, sample, tmp_path):
    parley.run_import(tmp_path / 'data', sample)
    with serve(tmp_path / 'data'):
        assert 'Stop it' in parley.run_import(tmp_path / 'data', sample, status=1)
    (tmp_path / 'nodate.txt').write_text('[10:00] <Ann> hi\n')
    assert 'begins with its day' in parley.run_import(tmp_path / 'data', [tmp_path / 'nodate.txt'], status=1)
    assert 'Cannot read' in parley.run_import(tmp_path / 'data', [tmp_path / '2001-01-01.txt'], status=1)
    assert 'named twice' in parley.run_import(tmp_path / 'data', [sample[0], sample[0]], status=1)
    err = parley.run_import(tmp_path / 'data', sample, status=1, owner='Somebody')
    assert 'does not own it' in err and not re.search('fatal|Fatal|crash', err)


def at_a_terminal(parley, arguments, answer=None):
    """Runs an import at a terminal; types the answer once it is asked for. What the terminal showed, and the exit status."""
    process, terminal = pty.fork()
    if process == 0:
        os.execv(parley.program, [parley.program, 'import', 'irc', *map(str, arguments)])
    shown = b''
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        shown += part
        if answer and b'characters: ' in shown:
            os.write(terminal, answer.encode() + b'\n')
            answer = None
    os.close(terminal)
    return shown.decode(errors='replace'), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_at_a_terminal_there_is_a_bar_and_a_question(parley, serve, sample, tmp_path):
    arguments = ['--data', tmp_path / 'data', '--owner', 'Librarian', *sample]
    assert at_a_terminal(parley, arguments, answer='short')[1] == 1
    shown, status = at_a_terminal(parley, arguments, answer=PASSWORD)
    assert status == 0 and PASSWORD not in shown
    assert re.search(r'\r\x1b\[K\[#{30}\] 100 %  48 of 48 lines  2001-03-05', shown), shown
    with serve(tmp_path / 'data') as owner:
        same_group(owner, Expected(sample))
    # The owner is there now: nobody is asked.
    shown, status = at_a_terminal(parley, arguments)
    assert status == 0 and 'password' not in shown


def test_nobody_to_ask(parley, sample, tmp_path):
    process = subprocess.run([parley.program, 'import', 'irc', '--data', tmp_path / 'data', '--owner', 'Ann', *sample], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=60)
    assert process.returncode == 1 and '--owner-password-file' in process.stderr


def test_account_ids_are_their_own():
    assert account('[FreeBSD]') == 'irc:@5bfreebsd@5d' and account('Cube``_') == 'irc:cube@60@60_'
