"""Lets all that can become of a user become of canaries, and keeps what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from tests.support.canaries import OF_COMPANY, OF_EMAIL, person
from tests.support.eventually import eventually
from tests.support.operating import Console
from tests.support.pipeline import Pipeline
from tests.support.posting import Poster
from tests.support.service import USER_REF_SECRET
from tests.support.topics import Stored, read_topic
from tests.support.user_events import user_event

SECONDS_MAX = 60.0
WRONG_TOKEN = "Bearer kanari-token-of-nobody"
ADMIN = ("/metrics", "/readyz?verbose", "/livez?verbose", "/status", "/kanari")
TOPICS = ("events", "quarantine", "retry", "dead", "outcomes", "links", "commands")


@dataclass
class Run:
    """A run of the whole system, and whose ids were in it."""

    pipeline: Pipeline
    console: Console
    users: set[str] = field(default_factory=set)
    said: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, list[Stored]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    secrets: tuple[str, ...] = ()

    def event(self, user_id: str, kind: str, **changes: Any) -> dict[str, Any]:
        """Return an event about a canary; its name is how its id begins."""
        self.users.add(user_id)
        name = user_id.rpartition("|")[2].partition("@")[0]
        return user_event("", kind, **{**person(name), "user_id": user_id, **changes})

    def sends(self, event: dict[str, Any], end: str) -> None:
        """Send *event*, and wait until it has ended like that."""
        before = len(self._ends_of(event["id"]))
        assert self.pipeline.send(event) == 202
        ends = eventually(lambda: self._ends_of(event["id"])[before:], SECONDS_MAX)
        assert ends == [end]

    def parks(self, event: dict[str, Any], reason: str) -> None:
        """Send *event*, and wait until a person is waited for."""
        assert self.pipeline.send(event) == 202
        eventually(lambda: reason in self._waits(event["id"]))

    def _waits(self, event_id: str) -> list[str]:
        entries = [entry.headers for entry in self.pipeline.parked().values()]
        return [told["reason"] for told in entries if told["event-id"] == event_id]

    def _ends_of(self, event_id: str) -> list[str]:
        return [
            end_of(o) for o in self.pipeline.outcomes() if o["event_id"] == event_id
        ]

    def ends(self) -> set[str]:
        return {end_of(outcome) for outcome in self.pipeline.outcomes()}


def end_of(outcome: dict[str, Any]) -> str:
    return str(outcome["class"] or outcome["action"] or outcome["outcome"])


def at_a_crm_that_works(run: Run) -> None:
    """Live through all that can become of a user."""
    ann, bea = OF_EMAIL.format("ann"), OF_COMPANY.format("bea")
    created = run.event(ann, "created")
    stale = run.event(ann, "updated", name="Kanari before")
    run.sends(created, "created")
    run.sends(run.event(ann, "updated", name="Kanari New"), "updated")
    login = run.event(ann, "updated", name="Kanari New", logins_count=2)
    run.sends(login, "unchanged")
    run.sends(login, "duplicate")
    run.sends(stale, "stale")
    run.pipeline.crm.put_faults({"kind": "error", "status": 503, "requests": 2})
    run.sends(run.event(bea, "created"), "created")
    run.pipeline.crm.put_faults()
    logins = [login.split("|", 1) for login in (ann, bea)]
    both = [{"provider": name, "user_id": own} for name, own in logins]
    deleted = run.event(ann, "deleted")
    run.sends(run.event(bea, "updated", identities=both, name="Kanari Both"), "updated")
    run.sends(deleted, "merged")
    run.sends(run.event(bea, "deleted", identities=both), "deactivated")
    run.parks(run.event(OF_EMAIL.format("cem"), "updated"), "unmatched")
    for _ in range(2):
        run.pipeline.crm.add(email="dan@kanari.example")
    run.parks(run.event(OF_COMPANY.format("dan"), "created"), "ambiguous")
    hint = {"crm_contact_id": "../kanari@kanari.example"}
    hinted = run.event(OF_EMAIL.format("eve"), "created", app_metadata=hint)
    run.sends(hinted, "bad_external_id")
    odd = run.event(OF_EMAIL.format("fay"), "created", name={"kanari": ["Kanari"]})
    run.sends(odd, "rejected")
    tried = run.event(OF_EMAIL.format("gus"), "created") | {"a0purpose": "test"}
    run.sends(tried, "test")
    run.sends(run.event(OF_EMAIL.format("gus"), "blocked"), "unhandled")


def at_a_crm_that_says_back(run: Run) -> None:
    """Get each bad answer there is, with the values in words, headers and body."""
    refused = run.event(OF_EMAIL.format("refused"), "created")
    run.sends(refused, "rejected")
    for word in ("broken", "taken", "page", "moved"):
        run.sends(run.event(OF_COMPANY.format(word), "created"), "gave_up")
    run.pipeline.send(run.event(OF_EMAIL.format("busy"), "created"))


def without_a_reader(run: Run) -> None:
    """Bring what is no event: by the webhook, past it, and without its token."""
    pipeline = run.pipeline
    cut = json.dumps(run.event(OF_EMAIL.format("hal"), "created")).encode()[:-1]
    keyless = run.event(OF_EMAIL.format("ida"), "created")
    del keyless["data"]["object"]["user_id"]
    assert [pipeline.send(cut), pipeline.send(keyless)] == [202, 202]
    with Poster(pipeline.ingest.url, pipeline.ingest.authorization) as poster:
        assert poster.post(cut, {"Authorization": WRONG_TOKEN}).status == 401
        assert (
            poster.send("POST", "/kanari?email=ann@kanari.example", cut).status == 404
        )
        assert poster.send("GET", "/webhooks/auth0?kanari", None).status == 405
        odd = {"traceparent": "kanari" * 1000, "X-Kanari": "kanari"}
        assert poster.post(b"kanari", odd).status == 202
    producer = Producer({"bootstrap.servers": pipeline.kafka})
    misplaced = run.event(OF_EMAIL.format("jan"), "created")
    topic, body = pipeline.topics.events.name, json.dumps(misplaced).encode()
    producer.produce(topic, b"\xff kanari", OF_EMAIL.format("ivo"), partition=0)
    producer.produce(topic, body, "email|kanari-elsewhere", partition=1)
    assert producer.flush(30) == 0
    eventually(lambda: {"unreadable", "rerouted"} <= run.ends())


def asked_on_the_console(run: Run, directory: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what an operator sees, of each user and of orders that are mistakes."""
    known = directory / "known.ndjson"
    line = json.dumps({"user_id": OF_EMAIL.format("ann"), "record_id": "c_1"})
    known.write_text(f"{line}\n{line}\n")
    for words in (["status", "crm"], ["status", "crm", "--json"]):
        yield " ".join(words), done(run, 0, *words)
    for number, user in enumerate(sorted(run.users)):
        yield f"user {number}", done(run, 0, "user", "crm", user, "--json")
    nobody, waiting = OF_EMAIL.format("nobody"), OF_EMAIL.format("cem")
    for words in (
        ["release", "crm", waiting, "99999"],
        ["retry", "crm", waiting, "99999"],
        ["skip", "crm", nobody, "99999"],
        ["unlink", "crm", nobody],
        ["resync", "crm", "--user", nobody],
        ["link", "crm", nobody, "a.b"],
        ["dead", "show", "crm", "0", "99999"],
        ["dead", "replay", "crm", "--class", "unreadable"],
        ["links", "import", "crm", str(known)],
    ):
        yield " ".join(words[:2]), done(run, 2, *words)


def done(run: Run, code: int, *words: str) -> bytes:
    """Run a command, which must end with *code*; return what it said."""
    end = run.console.keepstep(*words)
    assert end.code == code, (words, end)
    return end.raw + end.err.encode()


def listen(run: Run, directory: Path) -> None:
    """Keep all that was said: by the console, the admin ports, the topics, the logs."""
    pipeline = run.pipeline
    run.ended = run.ends()
    run.said |= dict(asked_on_the_console(run, directory))
    for name, service in (("ingest", pipeline.ingest), ("worker", pipeline.worker)):
        for path in ADMIN:
            run.said[f"{name} {path}"] = service.admin(path)[1].encode()
        service.close()
        run.said[f"{name} log"] = service.log.encode()
    for topic in TOPICS:
        named = getattr(pipeline.topics, topic)
        named = named("crm") if callable(named) else named
        level = {"isolation.level": "read_uncommitted"}
        run.records[topic] = read_topic(pipeline.kafka, named.name, **level)
    run.secrets = (
        pipeline.ingest.secret,
        pipeline.crm.token,
        USER_REF_SECRET,
        WRONG_TOKEN.partition(" ")[2],
    )
