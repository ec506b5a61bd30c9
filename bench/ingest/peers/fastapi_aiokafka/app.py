"""The webhook as a careful FastAPI team would write it, to be measured beside ours.

The model reads only what it needs, nothing runs in a thread pool, and the producer
batches. Like ours it keeps the body byte for byte and answers 202 when every in-sync
replica has it; it counts nothing and sets no deadline for a slow body.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from fastapi import Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ValidationError

TOPIC = os.environ["PEER_TOPIC"]
TOKEN = os.environ["PEER_BEARER_TOKEN"].encode()
bearer = HTTPBearer()


class Subject(BaseModel):
    """What the event is about."""

    user_id: str


class Content(BaseModel):
    """The CloudEvent's data."""

    object: Subject


class CloudEvent(BaseModel):
    """As much of the event as key and headers need."""

    id: str
    type: str
    time: str
    data: Content


@asynccontextmanager
async def lifespan(application: FastAPI) -> AsyncIterator[None]:
    """Keep one producer for the life of the process."""
    producer = AIOKafkaProducer(
        bootstrap_servers=os.environ["PEER_KAFKA"],
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        max_batch_size=256 * 1024,
        request_timeout_ms=4000,
    )
    await producer.start()
    application.state.producer = producer
    try:
        yield
    finally:
        await producer.stop()


app = FastAPI(lifespan=lifespan, openapi_url=None)


async def authenticated(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
) -> None:
    """Refuse whoever does not hold our secret."""
    if not hmac.compare_digest(credentials.credentials.encode(), TOKEN):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED)


@app.post("/webhooks/auth0", dependencies=[Depends(authenticated)])
async def webhook(request: Request) -> Response:
    """Answer 202 when the event is durable."""
    body = await request.body()
    try:
        event = CloudEvent.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST) from error
    headers = [
        ("event-id", event.id.encode()),
        ("event-type", event.type.encode()),
        ("event-time", event.time.encode()),
    ]
    key = event.data.object.user_id.encode()
    try:
        await request.app.state.producer.send_and_wait(
            TOPIC, body, key=key, headers=headers
        )
    except KafkaError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE) from error
    return Response(status_code=status.HTTP_202_ACCEPTED)
