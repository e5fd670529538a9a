// A consumer in Node.js without dependencies: it verifies signatures, and does the work of each event once, by its id.
//
//   SECRET=whsec_… PORT=0 node server.mjs
//
// It listens on loopback, unless HOST names another address: in a container, 0.0.0.0.
//
// POST /webhooks receives events; GET /effects counts what was done so far, for an audit (its probe).

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = process.env.SECRET ?? "";
const HOST = process.env.HOST ?? "127.0.0.1";
const PORT = Number(process.env.PORT ?? 8000);
const LARGEST = 1024 * 1024; // bytes of a body
const LONGEST_SIGNATURE = 4096; // characters
const WINDOW = 300; // seconds that a signed timestamp may differ from now
const STEPS = ["UNKNOWN", "PENDING", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED"]; // an order only moves right

if (!SECRET) {
  console.error("say what the webhook was registered with: SECRET=whsec_… node server.mjs");
  process.exit(2);
}

const seen = new Set();
const orders = new Map();
let payments = 0;

function effects() {
  const delivered = [...orders.values()].filter((step) => STEPS[step] === "DELIVERED").length;
  return { payments, delivered };
}

function move(orderId, status) {
  orders.set(orderId, Math.max(STEPS.indexOf(status), orders.get(orderId) ?? 0));
}

function work({ id, eventType, data }) {
  if (seen.has(id)) return;
  if (eventType === "payment.succeeded") payments += 1;
  if (eventType === "order.created") move(data.order.id, data.order.status);
  if (eventType === "order.status_changed") move(data.orderId, data.newStatus);
  seen.add(id); // one thread and no await since the check: no other request can come between
}

function hmac(key, ...parts) {
  const made = createHmac("sha256", key);
  parts.forEach((part) => made.update(part));
  return made;
}

function includesSignature(expected, written, separator) {
  if (written.length > LONGEST_SIGNATURE) return false;
  const right = Buffer.from(expected);
  return written.split(separator).some((one) => {
    const given = Buffer.from(one.trim());
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

function isGenuine(body, headers) {
  const written = headers["x-webhook-signature"];
  if (written) return includesSignature(`sha256=${hmac(SECRET, body).digest("hex")}`, written, ",");
  const { "webhook-id": id = "", "webhook-timestamp": at = "", "webhook-signature": signature = "" } = headers;
  if (!/^\d{1,12}$/.test(at) || Math.abs(Date.now() / 1000 - Number(at)) > WINDOW) return false;
  const key = Buffer.from(SECRET.replace(/^whsec_/, ""), "base64");
  return includesSignature(`v1,${hmac(key, `${id}.${at}.`, body).digest("base64")}`, signature, " ");
}

function take(body, headers) {
  if (!isGenuine(body, headers)) return 401;
  if ((headers["content-type"] ?? "").split(";")[0].trim().toLowerCase() !== "application/json") return 415;
  let event;
  try {
    event = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return 400; // not JSON, not UTF-8, or nested too deeply
  }
  if (event?.data === null || typeof event?.data !== "object" || Array.isArray(event.data)) return 422;
  work(event);
  return 204;
}

function answer(response, status, document) {
  const text = document === undefined ? "" : JSON.stringify(document);
  response.writeHead(status, text ? { "content-type": "application/json" } : {}).end(text);
}

const server = createServer((request, response) => {
  if (request.url === "/effects" && request.method === "GET") return answer(response, 200, effects());
  if (request.url !== "/webhooks") return answer(response, 404);
  if (request.method !== "POST") return answer(response, 405);
  const pieces = [];
  let size = 0;
  request.on("data", (piece) => {
    size += piece.length;
    if (size <= LARGEST) pieces.push(piece); // the rest is read and dropped, so that the client gets the answer
  });
  request.on("end", () => {
    answer(response, size > LARGEST ? 413 : take(Buffer.concat(pieces), request.headers));
  });
});

server.listen(PORT, HOST, () => console.log(`http://${HOST}:${server.address().port}`));
