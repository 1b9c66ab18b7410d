#include "common/crypto/trust.h"

#include <openssl/pem.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/crypto/openssl.h"

namespace waystation::crypto {
namespace {

constexpr size_t kCrlsMax = 64;
constexpr size_t kCrlPemBytesMax = size_t{64} * 1024 * 1024;
constexpr int kChainDepthMax = 4;
// At least 112 bits: no SHA-1, no RSA below 2048.
constexpr int kAuthLevel = 2;

struct Crl {
  OpenSslPtr<X509_CRL> crl;
  std::string issuer;  // DER.
  uint64_t number = 0;
  absl::Time next_update;
};

absl::Status Bad(std::string_view thing, std::string_view problem) {
  return OpenSslError(absl::StatusCode::kInvalidArgument, thing, problem);
}

absl::StatusOr<uint64_t> CrlNumberOf(X509_CRL* crl) {
  int critical = 0;
  OpenSslPtr<ASN1_STRING> number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, &critical, nullptr)));
  uint64_t value = 0;
  if (number == nullptr || ASN1_INTEGER_get_uint64(&value, number.get()) != 1) {
    return Bad("crl", "has no 64-bit CRL number");
  }
  return value;
}

absl::StatusOr<Crl> ReadCrl(OpenSslPtr<X509_CRL> x509_crl) {
  Crl crl;
  crl.crl = std::move(x509_crl);
  crl.issuer = DerOf(i2d_X509_NAME, X509_CRL_get_issuer(crl.crl.get()));
  WS_ASSIGN_OR_RETURN(crl.number, CrlNumberOf(crl.crl.get()));
  // OpenSSL would take a CRL without nextUpdate as good for ever.
  if (X509_CRL_get0_nextUpdate(crl.crl.get()) == nullptr) return Bad("crl", "has no nextUpdate");
  WS_ASSIGN_OR_RETURN(crl.next_update, TimeFromAsn1(X509_CRL_get0_nextUpdate(crl.crl.get())));
  return crl;
}

absl::StatusOr<std::vector<Crl>> ReadCrls(std::string_view pem) {
  std::vector<Crl> crls;
  if (pem.empty()) return crls;
  if (pem.size() > kCrlPemBytesMax) {
    return absl::InvalidArgumentError(Problem("crl", "PEM too long", "", "at most 64 MiB"));
  }
  OpenSslPtr<BIO> bio = ReadBio(pem);
  if (bio == nullptr) return Bad("crl", "cannot be read");
  while (true) {
    OpenSslPtr<X509_CRL> x509_crl(PEM_read_bio_X509_CRL(bio.get(), nullptr, NoPassword, nullptr));
    if (x509_crl == nullptr) break;
    if (crls.size() == kCrlsMax) {
      return absl::InvalidArgumentError(Problem("crl", "too many in the PEM text", "", "0 to 64"));
    }
    WS_ASSIGN_OR_RETURN(Crl crl, ReadCrl(std::move(x509_crl)));
    crls.push_back(std::move(crl));
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end || crls.empty()) return Bad("crl", "PEM malformed");
  ERR_clear_error();
  return crls;
}

absl::Status CheckRoot(const Certificate& root) {
  // 1 is a v3 CA by its basicConstraints; other answers are guesses about v1.
  if (X509_check_ca(root.native()) == 1 && X509_self_signed(root.native(), 1) == 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      Problem("root certificate", "not a self-signed CA", Quoted(root.subject_common_name())));
}

TrustProblem ProblemOf(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_REJECTED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return TrustProblem::kUntrustedIssuer;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return TrustProblem::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TrustProblem::kNotYetValid;
    case X509_V_ERR_CERT_REVOKED:
      return TrustProblem::kRevoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
      return TrustProblem::kCrlMissing;
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return TrustProblem::kCrlExpired;
    case X509_V_ERR_INVALID_PURPOSE:
      return TrustProblem::kWrongUse;
    default:
      return TrustProblem::kMalformed;
  }
}

// What the callback needs and what it leaves, one for each check.
struct CheckState {
  absl::Time at;
  absl::Duration crl_grace;
  bool used_stale_crl = false;
  // The CRL of the last question of time, and whose it was. Having asked one,
  // OpenSSL forgets the current CRL, also for the question of revocation that
  // follows. The store keeps every CRL alive.
  X509_CRL* timed_crl = nullptr;
  const X509* timed_certificate = nullptr;
};

// Whether the newest time by which the CRL counts is not yet passed.
bool WithinGrace(const X509_CRL* crl, const CheckState& state) {
  if (crl == nullptr) return false;
  absl::StatusOr<absl::Time> next_update = TimeFromAsn1(X509_CRL_get0_nextUpdate(crl));
  return next_update.ok() && state.at <= *next_update + state.crl_grace;
}

// Whether the CRL says only that the certificate was revoked after `at`.
bool RevokedLater(X509_CRL* crl, X509* certificate, const CheckState& state) {
  X509_REVOKED* entry = nullptr;
  if (crl == nullptr || X509_CRL_get0_by_cert(crl, &entry, certificate) != 1) return false;
  absl::StatusOr<absl::Time> revoked_at = TimeFromAsn1(X509_REVOKED_get0_revocationDate(entry));
  return revoked_at.ok() && *revoked_at > state.at;
}

int StateIndex() {
  static const int index = X509_STORE_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

X509_CRL* CrlInQuestion(X509_STORE_CTX* context, CheckState& state) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  if (X509_CRL* crl = X509_STORE_CTX_get0_current_crl(context); crl != nullptr) {
    state.timed_crl = crl;
    state.timed_certificate = certificate;
  }
  return state.timed_certificate == certificate ? state.timed_crl : nullptr;
}

// Called by X509_verify_cert for each problem; 1 goes on as if it were none.
// Only the three CRL questions that depend on time are answered here.
int OnProblem(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  auto* state = static_cast<CheckState*>(X509_STORE_CTX_get_ex_data(context, StateIndex()));
  X509_CRL* crl = CrlInQuestion(context, *state);
  bool accepted = false;
  switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CRL_HAS_EXPIRED:
      accepted = WithinGrace(crl, *state);
      state->used_stale_crl |= accepted;
      break;
    case X509_V_ERR_CRL_NOT_YET_VALID:
      // A CRL issued after `at` still lists all that was revoked by then.
      accepted = true;
      break;
    case X509_V_ERR_CERT_REVOKED:
      accepted = RevokedLater(crl, X509_STORE_CTX_get_current_cert(context), *state);
      break;
    default:
      break;
  }
  if (accepted) X509_STORE_CTX_set_error(context, X509_V_OK);
  return accepted ? 1 : 0;
}

std::string NameOf(const Certificate& certificate) {
  return absl::StrCat("certificate ", Hex(AsBytes(certificate.sha256())));
}

std::string TimeText(const ASN1_TIME* asn1) {
  absl::StatusOr<absl::Time> time = TimeFromAsn1(asn1);
  return time.ok() ? absl::FormatTime(*time, absl::UTCTimeZone()) : "an unreadable time";
}

std::string IssuerOf(const X509* certificate) {
  char name[256] = {};
  X509_NAME_oneline(X509_get_issuer_name(certificate), name, sizeof(name));
  return "issuer " + Quoted(name);
}

std::string RevocationOf(X509_CRL* crl, X509* certificate) {
  X509_REVOKED* entry = nullptr;
  if (crl == nullptr || X509_CRL_get0_by_cert(crl, &entry, certificate) != 1) return "revoked";
  return "revoked at " + TimeText(X509_REVOKED_get0_revocationDate(entry));
}

// What came: of the certificate and the CRL in question, what the problem is about.
std::string GotOf(TrustProblem problem, X509_STORE_CTX* context, CheckState& state) {
  X509* certificate = X509_STORE_CTX_get_current_cert(context);
  if (certificate == nullptr) return "none";
  X509_CRL* crl = CrlInQuestion(context, state);
  switch (problem) {
    case TrustProblem::kExpired:
      return TimeText(X509_get0_notAfter(certificate));
    case TrustProblem::kNotYetValid:
      return TimeText(X509_get0_notBefore(certificate));
    case TrustProblem::kRevoked:
      return RevocationOf(crl, certificate);
    case TrustProblem::kCrlExpired:
      if (crl != nullptr) return TimeText(X509_CRL_get0_nextUpdate(crl));
      [[fallthrough]];
    default:
      return IssuerOf(certificate);
  }
}

TrustVerdict VerdictOf(const Certificate& leaf, X509_STORE_CTX* context, CheckState& state) {
  int error = X509_STORE_CTX_get_error(context);
  TrustVerdict verdict;
  verdict.problem = ProblemOf(error);
  std::string which = NameOf(leaf);
  if (int depth = X509_STORE_CTX_get_error_depth(context); depth > 0) {
    absl::StrAppend(&which, ": issuer ", depth, " above it");
  }
  verdict.text =
      Problem(which, X509_verify_cert_error_string(error), GotOf(verdict.problem, context, state),
              absl::StrCat("trusted at ", absl::FormatTime(state.at, absl::UTCTimeZone())));
  return verdict;
}

TrustVerdict WrongUse(const Certificate& leaf, KeyUse use) {
  std::optional<KeyUse> got = leaf.key_use();
  return {TrustProblem::kWrongUse,
          Problem(NameOf(leaf), "wrong key use", got ? KeyUseName(*got) : "no use of ours",
                  absl::StrCat("a P-256 key for ", Absl(KeyUseName(use))))};
}

TrustVerdict TooManyIntermediates(const Certificate& leaf, size_t got) {
  return {TrustProblem::kMalformed,
          Problem(NameOf(leaf), "too many intermediates", absl::StrCat(got),
                  absl::StrCat("at most ", kPemChainCertificatesMax))};
}

// The list does not own the certificates.
OpenSslPtr<STACK_OF(X509)> ListOf(const std::vector<Certificate>& certificates) {
  OpenSslPtr<STACK_OF(X509)> list(sk_X509_new_null());
  WS_CHECK(list != nullptr);
  for (const Certificate& certificate : certificates) {
    WS_CHECK(sk_X509_push(list.get(), certificate.native()) > 0);
  }
  return list;
}

void Configure(X509_STORE_CTX* context, CheckState* check) {
  WS_CHECK(X509_STORE_CTX_set_ex_data(context, StateIndex(), check) == 1);
  X509_STORE_CTX_set_verify_cb(context, OnProblem);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(check->at));
  X509_VERIFY_PARAM_set_depth(parameters, kChainDepthMax);
  X509_VERIFY_PARAM_set_auth_level(parameters, kAuthLevel);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

}  // namespace

struct TrustStore::State {
  OpenSslPtr<X509_STORE> store;
  std::vector<Certificate> roots;
  uint64_t crl_number = 0;
  absl::Time next_crl_update = absl::InfiniteFuture();
  absl::Duration crl_grace;

  absl::Status AddCrls(const std::vector<Crl>& crls);
};

absl::Status TrustStore::State::AddCrls(const std::vector<Crl>& crls) {
  std::map<std::string, const Crl*> newest;
  for (const Crl& crl : crls) {
    if (X509_STORE_add_crl(store.get(), crl.crl.get()) != 1) return Bad("crl", "cannot be added");
    crl_number = std::max(crl_number, crl.number);
    const Crl*& of_issuer = newest[crl.issuer];
    if (of_issuer == nullptr || of_issuer->number < crl.number) of_issuer = &crl;
  }
  for (const auto& [issuer, crl] : newest) {
    next_crl_update = std::min(next_crl_update, crl->next_update);
  }
  return absl::OkStatus();
}

std::string_view TrustProblemName(TrustProblem problem) {
  switch (problem) {
    case TrustProblem::kNone:
      return "NONE";
    case TrustProblem::kUntrustedIssuer:
      return "CERTIFICATE_UNTRUSTED_ISSUER";
    case TrustProblem::kExpired:
      return "CERTIFICATE_EXPIRED";
    case TrustProblem::kNotYetValid:
      return "CERTIFICATE_NOT_YET_VALID";
    case TrustProblem::kRevoked:
      return "CERTIFICATE_REVOKED";
    case TrustProblem::kCrlMissing:
      return "CRL_MISSING";
    case TrustProblem::kCrlExpired:
      return "CRL_EXPIRED";
    case TrustProblem::kMalformed:
      return "CERTIFICATE_MALFORMED";
    case TrustProblem::kWrongUse:
      return "CERTIFICATE_WRONG_USE";
  }
  return "UNKNOWN";
}

TrustStore::TrustStore(std::shared_ptr<const State> state) : state_(std::move(state)) {}

absl::StatusOr<TrustStore> TrustStore::Create(std::string_view roots_pem, std::string_view crl_pem,
                                              absl::Duration crl_grace) {
  ErrorQueueScope errors;
  if (crl_grace < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        Problem("crl grace", "negative", absl::FormatDuration(crl_grace), "zero or more"));
  }
  auto state = std::make_shared<State>();
  state->crl_grace = crl_grace;
  state->store.reset(X509_STORE_new());
  if (state->store == nullptr) {
    return OpenSslError(absl::StatusCode::kInternal, "trust store", "cannot be made");
  }
  WS_ASSIGN_OR_RETURN(state->roots, ParsePemChain(roots_pem));
  for (const Certificate& root : state->roots) {
    WS_RETURN_IF_ERROR(CheckRoot(root));
    if (X509_STORE_add_cert(state->store.get(), root.native()) != 1) {
      return Bad("root certificate", "cannot be added");
    }
  }
  WS_ASSIGN_OR_RETURN(std::vector<Crl> crls, ReadCrls(crl_pem));
  WS_RETURN_IF_ERROR(state->AddCrls(crls));
  return TrustStore(std::move(state));
}

TrustVerdict TrustStore::Check(const Certificate& leaf,
                               const std::vector<Certificate>& intermediates, KeyUse use,
                               absl::Time at) const {
  ErrorQueueScope errors;
  if (intermediates.size() > kPemChainCertificatesMax) {
    return TooManyIntermediates(leaf, intermediates.size());
  }
  OpenSslPtr<STACK_OF(X509)> others = ListOf(intermediates);
  OpenSslPtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  WS_CHECK(context != nullptr);
  WS_CHECK(X509_STORE_CTX_init(context.get(), state_->store.get(), leaf.native(), others.get()) ==
           1);
  CheckState check{absl::FromUnixSeconds(absl::ToUnixSeconds(at)), state_->crl_grace};
  Configure(context.get(), &check);
  if (X509_verify_cert(context.get()) != 1) return VerdictOf(leaf, context.get(), check);
  if (!leaf.is_p256() || !leaf.Allows(use)) return WrongUse(leaf, use);
  if (!check.used_stale_crl) return {};
  return {TrustProblem::kNone,
          Problem(NameOf(leaf), "trusted by a CRL past its next update", "",
                  absl::StrCat("a new CRL within ", absl::FormatDuration(state_->crl_grace)))};
}

uint64_t TrustStore::crl_number() const { return state_->crl_number; }

absl::Time TrustStore::next_crl_update() const { return state_->next_crl_update; }

}  // namespace waystation::crypto
