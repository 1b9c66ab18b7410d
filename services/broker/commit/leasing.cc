#include "services/broker/commit/leasing.h"

#include <algorithm>
#include <span>
#include <utility>

#include "common/limits/limits.h"

namespace waystation::broker {
namespace {

// A frame of deliveries stays well below what gRPC carries.
constexpr size_t kLeaseMessagesMax = 256;
constexpr uint64_t kLeaseBytesMax = kFrameBytesMax - kPayloadBytesMax;

}  // namespace

void Leasing::Open(std::shared_ptr<PullSession> session) {
  services_[session->queue].sessions.push_back(std::move(session));
}

void Leasing::Close(const std::shared_ptr<PullSession>& session, State& state, Block& block) {
  Service& service = services_[session->queue];
  std::vector<uint64_t> leased;
  for (const auto& [sequence, bytes] : session->outstanding) leased.push_back(sequence);
  std::sort(leased.begin(), leased.end());
  for (uint64_t sequence : leased) service.owners.erase(sequence);
  session->outstanding.clear();
  std::erase(service.sessions, session);
  for (std::span<const uint64_t> rest = leased; !rest.empty();) {
    std::span<const uint64_t> some = rest.first(std::min(rest.size(), kRecordSequencesMax));
    rest = rest.subspan(some.size());
    journal::v1::GivenBack given_back;
    if (!DecideStreamClosed(state, session->queue, some, block.time_us(), &given_back)) continue;
    *block.NewRecord()->mutable_given_back() = std::move(given_back);
    block.Follow(state);
  }
}

bool Leasing::LeaseAll(State& state, Block& block) {
  for (auto& [queue, service] : services_) {
    // Each session in turn, until a whole round gave nothing.
    size_t idle = 0;
    while (!service.sessions.empty() && idle < service.sessions.size()) {
      if (block.full()) return false;
      const auto& session = service.sessions[service.next++ % service.sessions.size()];
      idle = LeaseTo(session, service, state, block) ? 0 : idle + 1;
    }
  }
  return true;
}

bool Leasing::LeaseTo(const std::shared_ptr<PullSession>& session, Service& service, State& state,
                      Block& block) {
  if (session->outstanding.size() >= session->limit.messages ||
      session->outstanding_bytes >= session->limit.bytes) {
    return false;
  }
  Credit left{
      .messages = session->limit.messages - static_cast<uint32_t>(session->outstanding.size()),
      .bytes = std::min(kLeaseBytesMax, session->limit.bytes - session->outstanding_bytes)};
  journal::v1::Leased leased;
  bool any = DecideLease(state,
                         {.queue = session->queue,
                          .client_id = session->client_id,
                          .credit = left,
                          .ack_deadline_us = session->ack_deadline_us,
                          .count_max = kLeaseMessagesMax},
                         block.time_us(), &leased);
  if (!any) return false;
  *block.NewRecord()->mutable_leased() = std::move(leased);
  block.Follow(state);
  Grant(block.records().back()->leased(), *state.FindQueue(session->queue), session, service,
        block);
  return true;
}

void Leasing::Grant(const journal::v1::Leased& leased, const DeliveryQueue& queue,
                    const std::shared_ptr<PullSession>& session, Service& service, Block& block) {
  LeaseGrant grant{
      .session = session, .grants = {}, .bytes = 0, .deadline_us = leased.deadline_us()};
  grant.grants.reserve(static_cast<size_t>(leased.sequences_size()));
  for (uint64_t sequence : leased.sequences()) {
    const QueuedMessage& message = *queue.Find(sequence);
    grant.grants.push_back({.sequence = sequence, .attempt = message.attempt});
    grant.bytes += message.bytes;
    session->outstanding[sequence] = message.bytes;
    session->outstanding_bytes += message.bytes;
    service.owners[sequence] = session.get();
  }
  block.leases.push_back(std::move(grant));
}

void Leasing::Release(const std::string& queue, const Sequences& sequences) {
  Service& service = services_[queue];
  for (uint64_t sequence : sequences) ReleaseOne(service, sequence);
}

void Leasing::ReleaseOne(Service& service, uint64_t sequence) {
  auto owner = service.owners.find(sequence);
  if (owner == service.owners.end()) return;
  PullSession& session = *owner->second;
  auto held = session.outstanding.find(sequence);
  if (held != session.outstanding.end()) {
    session.outstanding_bytes -= held->second;
    session.outstanding.erase(held);
  }
  service.owners.erase(owner);
}

}  // namespace waystation::broker
