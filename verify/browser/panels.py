"""The side panel, its menus and its questions, as a person meets them."""

PANEL = 'dialog.panel[open]'


class Panel:
    def __init__(self, page):
        self.page = page

    # Ways in and out

    def about(self):
        self.page.press('About this conversation')
        self.title('Group')

    def go(self, label, title=None):
        """Follows a row of the panel."""
        self.page.press(label, PANEL)
        self.title(title or label)

    def title(self, text):
        self.page.until('return document.querySelector("#panel-heading")?.textContent === arguments[0] && document.querySelector("dialog.panel").open', text, what=f'panel {text!r}')
        self.page.idle()

    def back(self):
        self.page.press('Back', PANEL)

    def close(self):
        after = self.page.mark()
        self.page.press('Close', PANEL)
        self.page.event('panel-closed', after)

    # Looking

    def told(self, text):
        """The line that says what was done."""
        self.page.until('return document.querySelector(".panel-done").textContent === arguments[0]', text, what=f'told {text!r}')

    def refused(self, part):
        self.page.until('const e = document.querySelector(".panel > .problem"); return !e.hidden && e.textContent.includes(arguments[0])', part, what=f'refusal {part!r}')

    def labels(self):
        return self.page.run(f'return [...document.querySelectorAll("{PANEL} .lead-label")].map((e) => e.textContent)')

    def lacks(self, label):
        """Waits until no row has this label: the panel is drawn anew a frame after what it was told."""
        self.page.until(
            f'return ![...document.querySelectorAll("{PANEL} .lead-label")].some((e) => e.textContent === arguments[0])', label, what=f'no {label!r}')

    def people(self):
        """The rows of people: (name, everything else that the row says)."""
        return [tuple(row) for row in self.page.run(
            f'return [...document.querySelectorAll("{PANEL} .person")].map((e) => ['
            ' e.querySelector("bdi").textContent,'
            ' [...e.querySelectorAll(".detail, .role, .role-badge")].map((each) => each.textContent).join(", ")])')]

    def shows(self, name, words=''):
        """Waits for the row of a person that says just this."""
        self.page.until(
            f'return [...document.querySelectorAll("{PANEL} .person")].some((e) => e.querySelector("bdi").textContent === arguments[0] &&'
            ' [...e.querySelectorAll(".detail, .role, .role-badge")].map((each) => each.textContent).join(", ") === arguments[1])', name, words, what=f'{name}: {words}')

    def lacks(self, name):
        self.page.until(f'return [...document.querySelectorAll("{PANEL} .person")].every((e) => e.querySelector("bdi").textContent !== arguments[0])', name, what=f'no {name}')

    # Menus and questions

    def menu(self, name):
        """Opens the menu of a member; returns its items."""
        self.page.until(
            f'const row = [...document.querySelectorAll("{PANEL} button.person")].find((e) => e.querySelector("bdi").textContent === arguments[0]);'
            'if (!row) return false; row.focus(); row.click(); return document.querySelector(".message-menu:popover-open") !== null', name, what=f'menu of {name}')
        return self.page.run('return [...document.querySelectorAll(".message-menu:popover-open .menu-text")].map((e) => e.textContent)')

    def choose(self, item):
        self.page.press(item, '.message-menu:popover-open')

    def agree(self, action):
        """Answers the question that stands there with its own word."""
        self.page.until('return document.querySelector("dialog.confirm") !== null')
        self.page.press(action, 'dialog.confirm')
        self.page.until('return document.querySelector("dialog.confirm") === null')
