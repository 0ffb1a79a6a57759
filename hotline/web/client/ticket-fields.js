// The fields of a ticket: what they start with, and how they become a request.

import { replyChannels } from "./words.js";

export const EMPTY = Object.freeze({
  request_kind: "complaint",
  category: null,
  condition: "",
  urgency: "normal",
  subject: "",
  body: "",
  address: "",
  longitude: null,
  latitude: null,
  reply_channel: "voice",
  reply_to: "",
  anonymous: false,
  confidential: false,
});

/** Returns the fields that a ticket of the server fills in. */
export function fieldsOf(ticket) {
  return {
    request_kind: ticket.request_kind,
    category: ticket.category,
    condition: ticket.condition ?? "",
    urgency: ticket.urgency,
    subject: ticket.subject,
    body: ticket.body,
    address: ticket.address,
    longitude: ticket.longitude,
    latitude: ticket.latitude,
    reply_channel: replyChannels.includes(ticket.reply_channel) ? ticket.reply_channel : "web",
    reply_to: "",
    anonymous: ticket.anonymous,
    confidential: ticket.confidential,
  };
}

/** Returns the body that opens a ticket. */
export function openingBody(fields, draftId, callId) {
  const { category, condition, reply_to, ...rest } = fields;
  return {
    ...rest,
    draft_id: draftId,
    ...(callId && { call_id: callId }),
    ...(category && { category_code: category.key }),
    ...(category && condition && { condition }),
    ...(reply_to && { reply_to }),
  };
}

/** Returns the body that changes a ticket: only what differs from what was saved. */
export function amendment(fields, saved) {
  const changed = {};
  for (const name of ["request_kind", "urgency", "subject", "body", "address", "confidential"]) {
    if (fields[name] !== saved[name]) changed[name] = fields[name];
  }
  if (fields.longitude !== saved.longitude || fields.latitude !== saved.latitude) {
    if (fields.longitude === null) changed.drops_position = true;
    else Object.assign(changed, { longitude: fields.longitude, latitude: fields.latitude });
  }
  const moved = fields.category?.key !== saved.category?.key || fields.condition !== saved.condition;
  if (fields.category && moved) {
    changed.category_code = fields.category.key;
    changed.condition = fields.condition || null;
  }
  if (fields.reply_to || fields.reply_channel !== saved.reply_channel) {
    changed.reply_channel = fields.reply_channel;
    changed.reply_to = fields.reply_to || null;
  }
  return changed;
}

/** Says whether something was typed that is not saved. */
export function differ(fields, saved) {
  return JSON.stringify(fields) !== JSON.stringify(saved);
}

export function newDraftId() {
  return crypto.randomUUID();
}
