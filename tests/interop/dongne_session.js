// A full session of dongne by JavaScript's stock client: `node dongne_session.js URL TRANSPORT[,TRANSPORT] SECRET`.
// The server's time is to pass ten times as fast as ours: typing ends and the second stage comes after 300 ms.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { io } from "socket.io-client";
import { Ear } from "./heard.js";

const [url, transports, secret] = process.argv.slice(2);
const AEWOL = { lat: 33.4628, lng: 126.3094 };

function sign(claims, key = secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${head}.${createHmac("sha256", key).update(head).digest("base64url")}`;
}

function claims(userId) {
  const now = Math.floor(Date.now() / 1000);
  return { userId, iat: now, exp: now + 60 };
}

function open(auth) {
  return io(url, { transports: transports.split(","), reconnection: false, forceNew: true, auth });
}

async function connect(userId, device = "") {
  const socket = open({ token: sign(claims(userId)) });
  const ear = new Ear(socket, userId + device);
  await new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  return ear;
}

async function refusal(auth) {
  const socket = open(auth);
  return new Promise((resolve, reject) => {
    socket.on("connect", () => reject(new Error("was let in")));
    socket.on("connect_error", (error) => resolve(error.message));
  });
}

// --- who may come in ---

for (const token of ["", "rubbish", sign(claims("local-aewol"), "another secret"), sign(claims("nobody"))]) {
  assert.equal(await refusal({ token }), "Authentication failed");
}

// --- coming ---

const asker = await connect("visitor-mina");
const phone = await connect("visitor-mina", "'s phone");
const near = await connect("local-aewol");
const far = await connect("local-gwakji");
const admin = await connect("admin-halla");
for (const ear of [asker, phone]) {
  for (const userId of ["local-aewol", "local-gwakji", "admin-halla"]) await ear.expect("user_online", { userId });
}
assert.equal((await admin.expect("metrics-update")).connectedUsers, 4);

// --- asking ---

const hashtags = ["주차", "카페"];
asker.emit("create_question", { title: " <b>주차</b>할 곳 있나요? ", location: AEWOL, hashtags, urgency: "urgent" });
const { question } = await asker.expect("question_created");
const { id: questionId, createdAt } = question;
assert.deepEqual(
  [question.title, question.content, question.userId, question.regionCode, question.urgency],
  ["주차할 곳 있나요?", "", "visitor-mina", "애월", "urgent"],
);
assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 600_000);
const summary = { id: questionId, title: question.title, location: AEWOL, hashtags, urgency: "urgent", createdAt };
const loudly = { priority: "IMMEDIATE", sound: "urgent", vibration: "strong" };
for (const ear of [near, far]) await ear.expect("new_question_notification", { question: summary, ...loudly });

// --- opening and typing ---

near.emit("join_question", { questionId });
const { users } = await near.expect("room_users", { questionId });
assert.deepEqual(users, [
  { id: "visitor-mina", nickname: "여행자 미나" },
  { id: "local-aewol", nickname: "애월 해안" },
]);
await near.expect("question_messages", { questionId, messages: [] });
near.emit("typing_start", { questionId });
await asker.expect("user_typing", { userId: "local-aewol", username: "애월 해안", questionId });
await asker.expect("user_stop_typing", { userId: "local-aewol", questionId }); // by itself
near.emit("typing_start", { questionId });
near.emit("typing_stop", { questionId });
near.emit("typing_stop", { questionId });
await asker.expect("user_typing");
await asker.expect("user_stop_typing");

// --- answering ---

const images = ["https://example.com/lot.jpg"];
near.emit("create_answer", { questionId, content: "<script>alert(1)</script>공영주차장에 많아요", images });
const { answer } = await near.expect("answer_created");
const user = { id: "local-aewol", nickname: "애월 해안" };
assert.deepEqual([answer.content, answer.user, answer.isAccepted], ["공영주차장에 많아요", user, false]);
const { id: answerId } = answer;
await asker.expect("new_answer", {
  answer: { id: answerId, content: answer.content, user, createdAt: answer.createdAt, images },
});
const notified = { questionId, answer: { id: answerId, preview: answer.content, user, createdAt: answer.createdAt } };
for (const ear of [asker, phone]) await ear.expect("answer_notification", notified);
asker.emit("message_read", { answerId });
await near.expect("message_status", { answerId, status: "read" });
near.emit("accept_answer", { answerId });
await near.expect("error", { message: "Unauthorized" });
asker.emit("accept_answer", { answerId });
for (const ear of [asker, near]) await ear.expect("answer_accepted", { answerId, questionId });
const { data } = await near.expect("notification", { type: "answer_accepted", priority: 3 });
assert.deepEqual(data, { questionId, answerId, points: 50, totalPoints: 50 });
asker.emit("accept_answer", { answerId });
await asker.expect("error");

// --- moving ---

far.emit("update_location", { latitude: AEWOL.lat, longitude: AEWOL.lng, accuracy: 10 });
for (const ear of [near, far]) {
  const { questions } = await ear.expect("nearby_questions_update");
  assert.deepEqual(questions, [{ id: questionId, title: question.title, distance: 0, urgency: "urgent", createdAt }]);
}

// --- dropped, and back ---

asker.socket.io.engine.close();
await asker.expect("disconnect");
near.emit("create_answer", { questionId, content: "하나 더요" });
await near.expect("answer_created");
await phone.expect("answer_notification");
const again = await connect("visitor-mina");
again.emit("join_question", { questionId });
assert.equal((await again.expect("question_messages")).messages.length, 2);
again.emit("sync_unread_messages", { lastSyncTimestamp: answer.createdAt });
const { messages, syncedAt } = await again.expect("unread_messages");
assert.deepEqual(messages.map((message) => message.content), ["하나 더요"]);
again.emit("sync_unread_messages", { lastSyncTimestamp: syncedAt });
await again.expect("unread_messages", { messages: [] });

// --- what is refused ---

for (const wrong of [
  ["join_question", { questionId: "nowhere" }, "Question not found"],
  ["create_answer", { questionId, content: "무료 쿠폰" }],
  ["create_answer", { questionId, content: Buffer.from("binary") }],
  ["create_question", { title: "x".repeat(101), location: AEWOL }],
  ["create_question", { title: "ok", location: AEWOL, hashtags: ["1", "2", "3", "4", "5", "6"] }],
  ["update_location", { latitude: 91, longitude: 0 }],
  ["no_such_event", {}],
]) {
  const [name, payload, message] = wrong;
  far.emit(name, payload);
  await far.expect("error", message ? { message } : {});
}

// --- going ---

near.emit("leave_question", { questionId });
again.socket.disconnect();
phone.socket.disconnect();
for (const ear of [near, far, admin]) await ear.expect("user_offline", { userId: "visitor-mina" });

// --- and nobody heard what was not for them ---

await near.nothingElse("new_question_notification", "new_answer", "answer_notification", "error", "user_stop_typing");
await far.nothingElse("new_question_notification", "new_answer", "answer_notification", "user_typing", "notification", "error");
await far.nothingElse("user_offline", "metrics-update", "room_users");
await admin.nothingElse("new_question_notification", "nearby_questions_update", "new_answer", "slow_response_alert", "error");
await asker.nothingElse("user_typing", "user_stop_typing", "notification", "new_question_notification", "user_offline");
await phone.nothingElse("new_answer", "question_created", "user_typing", "answer_accepted", "user_offline");
for (const ear of [near, far, admin]) ear.socket.disconnect();
console.log("= the session was as promised");
