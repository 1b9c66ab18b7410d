#include "common/agency/schema.h"

namespace waystation::agency {
namespace {

// Times are microseconds since 1970. What is said of a person or a case is
// sealed: referral.detail, outbox.content, outbox.refusal, inbox.problem, memo.body,
// told_finding.bytes, request.response. outbox.message is the signed message, whose payload is
// encrypted to its recipients.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE receipt_batch(batch_id INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL);

CREATE TABLE inbox(
  message_id TEXT PRIMARY KEY,
  envelope_hash BLOB NOT NULL,
  referral_id BLOB NOT NULL,
  transition INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  ack INTEGER NOT NULL CHECK(ack IN (0, 1, 2)),  -- 0 sent, 1 on the record, 2 refused
  problem BLOB,
  batch_id INTEGER NOT NULL REFERENCES receipt_batch(batch_id),
  committed_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX inbox_unconfirmed ON inbox(batch_id) WHERE ack = 0;

CREATE TABLE referral(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  referral_id BLOB NOT NULL UNIQUE,
  requester TEXT NOT NULL,
  target TEXT NOT NULL,
  we_are_target INTEGER NOT NULL,
  bus_state INTEGER NOT NULL,      -- as the bus has it
  bus_former INTEGER NOT NULL,
  bus_version INTEGER NOT NULL,
  bus_scope INTEGER NOT NULL,
  state INTEGER NOT NULL,          -- with what is queued
  former INTEGER NOT NULL,
  version INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  since_us INTEGER NOT NULL,
  due_us INTEGER,
  gate TEXT NOT NULL,              -- newest message received on it
  chain_head TEXT NOT NULL,        -- newest queued message that `version` counts
  attention INTEGER NOT NULL,      -- unread end, a problem or a notice
  detail BLOB NOT NULL);
CREATE INDEX referral_open ON referral(state);

CREATE TABLE outbox(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE,
  referral_id BLOB NOT NULL REFERENCES referral(referral_id),
  transition INTEGER NOT NULL,
  expected_version INTEGER NOT NULL,
  message BLOB NOT NULL,
  content BLOB NOT NULL,
  state INTEGER NOT NULL CHECK(state IN (0, 1, 2)),  -- 0 waiting, 1 kept, 2 refused
  after_ack_of TEXT NOT NULL,
  builds_on TEXT NOT NULL,
  receipt BLOB,
  refusal_reason TEXT,
  refusal BLOB,
  queued_us INTEGER NOT NULL);
CREATE INDEX outbox_waiting ON outbox(referral_id, position) WHERE state = 0;
CREATE INDEX outbox_referral ON outbox(referral_id, position);

CREATE TABLE request(
  staff_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  response BLOB NOT NULL,
  answered_us INTEGER NOT NULL,
  PRIMARY KEY(staff_id, request_id)) WITHOUT ROWID;
)sql";

// What the index of handoffs needs beside: never a payload. A message that was
// queued by an earlier release has no envelope_hash; it is computed from the
// message. A received one of then gets its place by its time, and the sender
// from its referral.
constexpr std::string_view kIndex = R"sql(
ALTER TABLE outbox ADD COLUMN envelope_hash BLOB;
ALTER TABLE inbox ADD COLUMN position INTEGER;
ALTER TABLE inbox ADD COLUMN source TEXT NOT NULL DEFAULT '';
UPDATE inbox SET position = place.n FROM (
  SELECT message_id AS id, row_number() OVER (ORDER BY committed_us, message_id) AS n FROM inbox
) AS place WHERE place.id = message_id;
UPDATE inbox SET source = coalesce((
  SELECT CASE we_are_target WHEN 1 THEN requester ELSE target END
  FROM referral WHERE referral.referral_id = inbox.referral_id), '');
CREATE UNIQUE INDEX inbox_position ON inbox(position);
)sql";

// A memo is of no referral: its row in the outbox has an empty referral_id and its
// recipient. Until it is sealed it waits in `memo`. Findings that the auditor told
// of are kept by their newest revision; `bytes` is sealed.
constexpr std::string_view kMemos = R"sql(
CREATE TABLE outbox_next(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE,
  referral_id BLOB NOT NULL,       -- of table referral; empty of a memo
  transition INTEGER NOT NULL,
  expected_version INTEGER NOT NULL,
  message BLOB NOT NULL,
  content BLOB NOT NULL,
  state INTEGER NOT NULL CHECK(state IN (0, 1, 2)),  -- 0 waiting, 1 kept, 2 refused
  after_ack_of TEXT NOT NULL,
  builds_on TEXT NOT NULL,
  receipt BLOB,
  refusal_reason TEXT,
  refusal BLOB,
  queued_us INTEGER NOT NULL,
  envelope_hash BLOB,
  recipient TEXT NOT NULL DEFAULT '');
INSERT INTO outbox_next(position, message_id, referral_id, transition, expected_version, message,
    content, state, after_ack_of, builds_on, receipt, refusal_reason, refusal, queued_us,
    envelope_hash)
  SELECT position, message_id, referral_id, transition, expected_version, message, content, state,
    after_ack_of, builds_on, receipt, refusal_reason, refusal, queued_us, envelope_hash
  FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_next RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox(referral_id, position) WHERE state = 0;
CREATE INDEX outbox_referral ON outbox(referral_id, position);

CREATE TABLE memo(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE,
  recipient TEXT NOT NULL,
  type TEXT NOT NULL,
  body BLOB NOT NULL,
  made_us INTEGER NOT NULL);

CREATE TABLE told_finding(
  finding_id TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  open INTEGER NOT NULL,
  act_by_us INTEGER NOT NULL,
  bytes BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX told_finding_open ON told_finding(act_by_us) WHERE open = 1;
)sql";

// A message that the bus had kept and has no longer, because its journal went back
// to an older copy, waits again in the order of its former receipt. While a request that
// is linked to another referral waits, that one's id stands beside it. A message kept by an
// earlier release has no kept_sequence and counts as older than all that have one.
// `custody` says for which log of the bus all was looked for, and how far the look
// under way has come.
constexpr std::string_view kCustody = R"sql(
ALTER TABLE outbox ADD COLUMN kept_sequence INTEGER;  -- of the custody receipt
ALTER TABLE outbox ADD COLUMN again INTEGER NOT NULL DEFAULT 0 CHECK(again IN (0, 1));
ALTER TABLE outbox ADD COLUMN linked_to BLOB;         -- of one that waits
ALTER TABLE outbox ADD COLUMN former_receipt BLOB;    -- the first that was lost
CREATE INDEX outbox_kept ON outbox(kept_sequence) WHERE state = 1;
CREATE INDEX outbox_again ON outbox(kept_sequence, position) WHERE state = 0 AND again = 1;
CREATE INDEX outbox_linked ON outbox(linked_to) WHERE linked_to IS NOT NULL;
CREATE TABLE custody(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  log_origin TEXT NOT NULL,
  looked_at INTEGER);              -- position in the outbox; NULL: no look is under way
CREATE INDEX memo_recipient ON memo(recipient, position);
)sql";

}  // namespace

Schema RuntimeSchema() { return {"agency", {kFirst, kIndex, kMemos, kCustody}}; }

}  // namespace waystation::agency
