// The webhook as a careful Express team would write it, to be measured beside ours.
// Like ours it keeps the body byte for byte and answers 202 when every in-sync replica
// has it; it counts nothing and sets no deadline for a slow body.
import { createHash, timingSafeEqual } from "node:crypto";
import express from "express";
import { Kafka, logLevel } from "kafkajs";

const { PEER_KAFKA, PEER_TOPIC, PEER_BEARER_TOKEN, PEER_PORT, PEER_BATCHED } = process.env;
const BODY_BYTES_MAX = "4mb";

const kafka = new Kafka({
  clientId: "webhook",
  brokers: [PEER_KAFKA],
  requestTimeout: 4000,
  logLevel: logLevel.ERROR,
});
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 5 });

const send = (messages) => producer.send({ topic: PEER_TOPIC, acks: -1, messages });

// kafkajs does not gather messages: each call is a request of its own, as in all of its
// examples. PEER_BATCHED adds what a team could write itself: what comes in while one
// request is under way shares the next.
let waiting = [];
let sending = false;

function sendWithOthers(message) {
  return new Promise((resolve, reject) => {
    waiting.push({ message, resolve, reject });
    if (!sending) void sendAll();
  });
}

async function sendAll() {
  sending = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    try {
      await send(batch.map(({ message }) => message));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
  sending = false;
}

const publish = PEER_BATCHED ? sendWithOthers : (message) => send([message]);

const digest = (text) => createHash("sha256").update(text).digest();
const expected = digest(`Bearer ${PEER_BEARER_TOKEN}`);

function authenticated(request, response, next) {
  const presented = digest(request.get("authorization") ?? "");
  if (timingSafeEqual(presented, expected)) next();
  else response.status(401).end();
}

const app = express();
app.disable("x-powered-by");
app.disable("etag");

app.post(
  "/webhooks/auth0",
  authenticated,
  express.raw({ type: () => true, limit: BODY_BYTES_MAX }),
  async (request, response) => {
    let event;
    try {
      event = JSON.parse(request.body);
    } catch {
      response.status(400).end();
      return;
    }
    try {
      await publish({
        key: event.data.object.user_id,
        value: request.body,
        headers: {
          "event-id": event.id,
          "event-type": event.type,
          "event-time": event.time,
        },
      });
      response.status(202).end();
    } catch {
      response.status(503).set("Retry-After", "1").end();
    }
  },
);

await producer.connect();
const server = app.listen(Number(PEER_PORT), "127.0.0.1");

process.once("SIGTERM", async () => {
  server.close();
  server.closeAllConnections();
  await producer.disconnect();
  process.exit(0);
});
