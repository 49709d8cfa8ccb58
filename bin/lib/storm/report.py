"""What a storm comes to, as data and in words."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lib.storm import telling
from lib.storm.comparing import Finding
from lib.storm.course import Course
from lib.storm.looking import Look

_MOST_SHOWN = 40


def told(course: Course, look: Look, found: list[Finding], *, restless: str) -> dict[str, Any]:
    """Everything a reader needs to believe it, or to look for the fault. Amounts in cents."""
    misses = telling.missed(look)
    dead = [event for event in look.events if event["state"] == "dead"]
    return {
        "balanced": not found and not restless,
        "seed": course.seed,
        "charges": course.charges,
        "restless": restless,
        "findings": [vars(finding) for finding in found],
        "made": {
            "charges": len(look.charges),
            "payments": len(look.payments),
            "refunds": len(look.refunds),
            "disputes": len(look.disputes),
            "subscriptions": len(look.subscriptions),
            "statuses": dict(Counter(row["status"] for row in look.charges).most_common()),
        },
        "sums": {
            "received_cents": sum(row["received_cents"] for row in look.charges),
            "refunded_cents": sum(row["refunded_cents"] for row in look.charges),
        },
        "events": dict(Counter(row["state"] for row in look.events).most_common()),
        "dead": [{"event": row["id"], "cause": row["cause"], "said": row["last_error"]} for row in dead],
        "repeats": sum(row["repeats"] for row in look.events),
        "deliveries": dict(Counter(row["state"] for row in look.deliveries).most_common()),
        "missed": {
            "not_told": len(misses),
            "named": sum(miss.is_named for miss in misses),
            "rows": len(look.missed),
            "changes": [vars(miss) for miss in misses],
        },
        "unseen_disputes": [gateway_id for gateway_id, _won in telling.unseen_disputes(look)],
        "blows": dict(course.ground.blows),
        "struck": course.struck,
        "asked_again": dict(course.desks.lapses),
        "left_out": dict(_left_out(look)),
    }


def _left_out(look: Look) -> Counter[str]:
    """Steps that were not possible when their turn came, by kind."""
    return Counter(said.split(":")[0] for life in look.lives for said in life.left_out)


def in_words(told: dict[str, Any]) -> str:
    made, sums, missed = told["made"], told["sums"], told["missed"]
    verdict = "BALANCED to the cent" if told["balanced"] else "NOT BALANCED"
    lines = [
        "",
        f"Storm {told['seed']} with {told['charges']} charges, commit {told['commit'] or 'unknown'}, "
        f"{told['seconds']} s: {verdict}",
        f"  {made['charges']} charges, {made['payments']} payments, {made['refunds']} refunds, "
        f"{made['disputes']} disputes, {made['subscriptions']} subscriptions",
        f"  received R$ {sums['received_cents'] / 100:.2f}, given back R$ {sums['refunded_cents'] / 100:.2f}",
        f"  statuses: {_counts(made['statuses'])}",
        f"  notifications sent: {_counts(told['deliveries'])}",
        f"  events here: {_counts(told['events'])}; repeats {told['repeats']}",
        f"  never told: {missed['not_told']}, of them named: {missed['named']}",
        f"  disputes that were won before they were heard of: {len(told['unseen_disputes'])}",
        f"  blows: {_counts(told['blows'])}",
        f"  faults that struck: {_counts(told['struck'])}",
        f"  pages asked again: {_counts(told['asked_again'])}",
        f"  steps that were not possible: {_counts(told['left_out'])}",
    ]
    if told["restless"]:
        lines.append(f"  NEVER CALM: {told['restless']}")
    lines += [f"  DEAD {row['event']}: {row['cause']} {row['said']}" for row in told["dead"]]
    shown = told["findings"][:_MOST_SHOWN]
    lines += [f"  FOUND {one['kind']} {one['about']}: {one['said']}" for one in shown]
    if more := len(told["findings"]) - len(shown):
        lines.append(f"  ... and {more} more")
    return "\n".join(lines)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
