"""The course of a storm: days on which charges are made and lived, then calm until nothing moves any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

from lib import say
from lib.storm import lives
from lib.storm.acts import Acts, tell_the_bank
from lib.storm.ground import Ground
from lib.storm.hands import Desks, NotNow
from lib.storm.lives import Life
from lib.storm.looks import Looks
from lib.storm.rows import IN_DOUBT, REFUNDS, RUNS, SUBSCRIPTIONS, Work
from lib.storm.weather import Weather

THREADS = 6
# Days after the last charges were made on which it still storms, and hours that pass between two days.
_LATER_DAYS = 4
_HOURS = (1, 2, 5, 9, 26)
_MONTH = 32 * 24 * 3600
# So many days may pass in calm until every life has come to its end, and all that is open is done.
_MOST_DAYS = 45
_NO_PROGRESS_SECONDS = 120.0
# What a killed worker had in hand is taken up when its claim has run out: nothing moves before that.
_CLAIMED_SECONDS, _CLAIM = 20.0, 310
# While it storms the next day begins so soon: who looks every two seconds may be behind.
_NIGHT_SECONDS = 1.0
_STRIDES = (70, 700, 6 * 3600)
_DAY = 26 * 3600


class NeverCalm(Exception):
    """Work is left that nobody does; the text says which."""


class Course:
    """One storm from its first charge to the calm after it."""

    def __init__(self, ground: Ground, seed: int, charges: int) -> None:
        self.ground, self.seed, self.charges = ground, seed, charges
        self.lives = lives.draw(seed, charges)
        self.desks = Desks(ground)
        self.acts = Acts(ground, self.desks)
        self.looks = Looks(str(ground.plan.redis_url), ground.insist)
        self.struck: dict[str, int] = {}
        self._begun = 0
        self._rng = Random(f"course {seed}")

    def run(self) -> None:
        """Raises NeverCalm, Failed."""
        with Weather(self.ground, self.seed, self.progress) as weather:
            self.struck = weather.struck
            creating = lives.days_of_creating(self.charges)
            for day in range(creating + _LATER_DAYS):
                weather.insist()
                self._day(day)
                self._advance(_MONTH if day == creating + 1 else self._rng.choice(_HOURS) * 3600)
                time.sleep(_NIGHT_SECONDS)
        weather.insist()
        say.doing("Calm: every life goes on to its end")
        self._pass_time(_CLAIM)
        self._end_lives()
        self._settle()

    def progress(self) -> float:
        return self._begun / len(self.lives)

    # -- under the storm ------------------------------------------------------------------------

    def _day(self, day: int) -> None:
        new = [life for life in self.lives if life.day == day]
        say.doing(f"Day {day + 1}: {len(new)} new; {sum(map(_has_more, self.lives))} lives go on")
        self._all(self._make, new)
        self._all(self.acts.go_on, [life for life in self.lives if _has_more(life) and life.day <= day])
        self.ground.insist()

    def _make(self, life: Life) -> None:
        self.acts.make(life)
        self._begun += 1

    def _all(self, act: Callable[[Life], None], those: Sequence[Life]) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(act, those))

    def _advance(self, seconds: int) -> None:
        self.ground.control("clock", advance_seconds=seconds)

    # -- in calm --------------------------------------------------------------------------------

    def _pass_time(self, seconds: int) -> None:
        """And the workers look at what it brought."""
        self._advance(seconds)
        self.looks.take()

    def _end_lives(self) -> None:
        """Day by day what is left to be done is done; who could not act by then leaves it."""
        for _day in range(_MOST_DAYS):
            self._quieten()
            self._decide()
            left = [life for life in self.lives if _has_more(life)]
            if not left:
                return
            say.line(f"   {len(left)} lives go on")
            self._all(self.acts.go_on, left)
            self._pass_time(self._rng.choice(_HOURS) * 3600)

    def _settle(self) -> None:
        """Until a day has passed on which nothing was left to do, and every account was compared after it."""
        say.doing("Calm: until nothing moves any more")
        for stride in _STRIDES:
            self._pass_time(stride)
            self._quieten()
            self._decide()
        for _day in range(_MOST_DAYS):
            before = self.ground.now
            self._pass_time(_DAY)
            work = self._quieten()
            is_decided = not self._decide()
            if is_decided and not _unfinished(work) and self._were_compared_since(before):
                return
        raise NeverCalm(f"after {_MOST_DAYS} days there is still: {work.open}")

    def _were_compared_since(self, moment: object) -> bool:
        """A thorough comparison by the clock, begun after that moment and ended, for each account."""
        done = {
            run["connection"]
            for run in self.ground.database.rows(RUNS)
            if run["is_thorough"] and run["state"] == "done" and run["requested_at"] >= moment
        }
        return len(done) == len(lives.ACCOUNTS)

    def _quieten(self) -> Work:
        """Every notification sent that waits, and all work done that is due. Raises NeverCalm."""
        self.ground.control("flush", ignore_schedule=True, timeout_seconds=30)
        least, since = None, time.monotonic()
        moved = since
        while True:
            self.ground.insist()
            work = self.ground.database.work(self.ground.now)
            total = sum(work.due.values())
            if not total:
                return work
            if least is None or total < least:
                least, since = total, time.monotonic()
                moved = since
            if time.monotonic() - since > _NO_PROGRESS_SECONDS:
                raise NeverCalm(f"for {_NO_PROGRESS_SECONDS:.0f} s nobody did what is due: {work.due}")
            if time.monotonic() - moved > _CLAIMED_SECONDS:
                self._advance(_CLAIM)
                moved = time.monotonic()
            time.sleep(0.3)

    def _decide(self) -> int:
        """What waits for people: they look at the gateway and say what they see. Answers how much."""
        return self._decide_charges() + self._decide_agreements() + self._decide_refunds()

    def _decide_charges(self) -> int:
        decided = 0
        for row in self.ground.database.rows(IN_DOUBT):
            if row["status"] in ("draft", "confirming"):
                decided += self.desks.mine.send_again(row["reference"])
            elif row["review_reason"] not in ("", "refund"):
                decided += self.desks.mine.decide(row["reference"])
        return decided

    def _decide_agreements(self) -> int:
        decided = 0
        for row in self.ground.database.rows(SUBSCRIPTIONS):
            if row["state"] in ("draft", "confirming"):
                decided += self.desks.mine.send_again(row["reference"], of="subscriptions")
        return decided

    def _decide_refunds(self) -> int:
        """A refund in doubt was made when the gateway shows one more of its amount than we know of."""
        decided = 0
        for row in self.ground.database.rows(REFUNDS):
            if row["payer_link"] and row["state"] == "pending":
                decided += self._tell_the_bank(row["payer_link"], row["charge"])
            elif row["is_for_person"]:
                was_made = self._is_in_books(row["gateway_id"], row["charge"], row["amount_cents"])
                self.desks.mine.decide_refund(row["charge"], row["public_id"], was_made=was_made)
                decided += 1
        return decided

    def _tell_the_bank(self, link: str, reference: str) -> int:
        try:
            tell_the_bank(link)
            self.ground.control("refund_step", reference=reference, outcome="done")
        except (NotNow, OSError):
            return 0
        return 1

    def _is_in_books(self, gateway_id: str, reference: str, cents: int) -> bool:
        known = sum(
            1
            for row in self.ground.database.rows(REFUNDS)
            if row["gateway_id"] == gateway_id and row["amount_cents"] == cents and row["state"] == "done"
        )
        books = self.ground.ask(f"books?reference={reference}")["payments"]
        shown = [
            one
            for payment in books
            if str(payment["id"]) == gateway_id
            for one in payment["refunds"]
            if round(float(one["amount"]) * 100) == cents and one["status"] not in ("CANCELLED", "rejected")
        ]
        return len(shown) > known


def _has_more(life: Life) -> bool:
    return bool(life.steps and life.reference)


def _unfinished(work: Work) -> dict[str, int]:
    """What must not be left: only what is looked at by itself now and then may go on for ever."""
    return {name: count for name, count in work.open.items() if count and name != "checks"}
