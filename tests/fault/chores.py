"""What officers do by the verbs that no scene of the demo uses, chore by chore.

A chore is a generator: what stands before its `yield` is set up while nobody dies, what stands after
it is told while processes die, and what it returns is shown at the end, from each side. Each begins
with a person, or a record, of its own.
"""
import collections
import json
import os
import re

import command
import story

FBI, WORKER = "agent-1101", "worker-1401"
INS, CHIEF = "adjudicator-2101", "supervisor-2103"
ORR, DIRECTOR = "orr-3101", "orr-3102"
LINE, ETA = "line-4101", "eta-4201"
CONSUL, DSS, PRM = "consul-5101", "agent-5201", "prm-5301"
USAID = "mission-6101"

DUTY = "TVPA 107(b)(1)(C)(ii)(I), 22 U.S.C. 7105(b)(1)(C)(ii)(I)"
PLAN = ("--contact-way", "SYNTHETIC. The shelter's desk.", "--contact-hours", "weekdays 10:00",
        "--if-somebody-else", "say wrong extension")
ADULT = ("--age", "twenty-one-or-older")
CHILD = ("--age", "under-fifteen")
WHY = ("--reason", "SYNTHETIC. For a test.")

# What differs between two tellings, beside story.VARYING: a time; an id of a person, a call, a
# presence or a request.
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
ID = re.compile(r"\b[a-z]+(-[0-9a-z]{4}){3}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
# A place in the record, a signature, a finding.
VARYING_KEYS = {"signature", "signed_letter", "sequences", "sequence_count", "revision",
                "finding_id"}


def settled(value):
    """What a verb printed, without what differs between two tellings."""
    if isinstance(value, dict):
        if value.keys() == {"year", "month", "day"}:
            return "#"
        return {key: settled(part) for key, part in value.items() if key not in VARYING_KEYS}
    if isinstance(value, list):
        return [settled(part) for part in value]
    if isinstance(value, str):
        for varying in (TIME, ID, story.VARYING):
            value = varying.sub("#", value)
    return value


class Desk:
    """The officers of a bus, who repeat what was out of reach, as the command tells them to."""

    def __init__(self, bus):
        self.bus = bus

    def change(self, *words):
        """Makes one change, and returns what it shows."""
        [shown] = self.bus.json(*words, "--request-id", command.request_id())
        return shown

    def show(self, *words):
        [shown] = self.bus.json(*words)
        return shown

    def await_state(self, state, *words):
        """Waits until what `words` show is in the state, as its agency knows it."""
        def there():
            found = self.bus.reached(*words)
            assert found.code in (command.OK, command.NOT_FOUND), found.err
            return found.code == command.OK and json.loads(found.out)["state"].endswith(state)
        command.eventually("%s in %s" % (state, " ".join(words)), there)

    def await_case(self, state, referral, officer):
        self.await_state("REFERRAL_STATE_" + state, "case", "show", referral, "--as", officer)

    def await_petition(self, state, referral, *officers):
        for officer in officers:
            self.await_state("REFERRAL_STATE_" + state, "petition", "show", referral, "--as",
                             officer)

    def await_that(self, what, true, *words):
        """Waits until `true` is so of what `words` show."""
        command.eventually(what, lambda: true(self.show(*words)))

    def credential(self, agency):
        """With these words the agency itself asks the auditor."""
        place = os.path.join(self.bus.dir, "pki/issued/agency", agency)
        return ("--credential", os.path.join(place, "tls.pem"), "--key",
                os.path.join(place, "tls-key.pem"))

    def close_finding(self, finding):
        """The auditor closes one; has no request_id, but who repeats it reads that it is done."""
        words = ("audit", "close", finding, "--reason", "SYNTHETIC. Looked into.")
        first = self.bus.ws("-o", "json", *words)
        again = self.bus.reached(*words) if first.code == command.UNREACHABLE else first
        done = again is not first and "FINDING_CLOSED" in again.err
        assert again.code == command.OK or done, again.err

    # -- what chores begin with --

    def person(self, *age):
        """One who came to HHS by an organization."""
        return self.change("certification", "open", "--door", "ngo", *(age or ADULT))["person"]

    def consent(self, person, purposes, agencies, officer=ORR):
        return self.change("consent", "record", person, "--as", officer, "--purpose", purposes,
                           "--agency", agencies, "--until", "+180d")["consent_id"]

    def services(self, *taken_up):
        """HHS asked DOL for services, which has it; returns (person, consent, referral)."""
        person = self.person()
        consent = self.consent(person, "services,return", "dol,dos")
        referral = self.change("services", "refer", "--as", ORR, "--person", person, "--consent",
                               consent, "--service", "job-training")["referral_id"]
        for officer in (ETA, ORR):
            self.await_case("RECEIVED", referral, officer)
        if taken_up:
            self.change("take-up", referral, "--as", ETA)
            self.await_case("TAKEN_UP", referral, ORR)
        return person, consent, referral

    def petition(self, *words):
        """DOJ petitioned, and INS has it; returns (person, referral)."""
        person = self.change("intake", "open", "--as", FBI, "--circumstances",
                             "SYNTHETIC. Found at a workplace.")["person"]
        self.change("finding", "record", person, "--as", FBI, "--act", "labor-or-services",
                    "--conduct", "harboring", "--means", "coercion", "--purpose", "debt-bondage",
                    "--evidence", "SYNTHETIC. Ledger of debts.")
        referral = self.change("petition", "file", person, "--as", FBI, "--case-number",
                               "SYN-2002-0100", "--circumstances", "SYNTHETIC. Needed to testify.",
                               "--certify-witness", "--acknowledge-warnings",
                               *words)["referral_id"]
        self.await_petition("RECEIVED", referral, INS, FBI)
        return person, referral

    def grant(self, referral, *days):
        """Two officials of INS grant it; returns the presence, once DOJ knows it."""
        self.change("take-up", referral, "--as", INS)
        self.change("answer", referral, "--grant", "--mechanism", "parole", "--as", INS, *days)
        self.change("answer", referral, "--countersign", "--as", CHIEF)
        self.await_petition("ANSWERED", referral, FBI)
        [presence] = [presence["presence_id"] for presence in self.bus.json(
            "presence", "list", "--as", FBI) if presence["referral_id"] == referral]
        return presence

    def call(self, *words):
        """Returns (call, person)."""
        call = self.change("call", "record", "--as", LINE, "--circumstances",
                           "SYNTHETIC. Kept in a house.", "--wish", "services", *words)
        return call["call_id"], call["person"]

    def report(self, *age):
        """Returns (report, person)."""
        report = self.change("post-report", "record", "--as", CONSUL, "--post", "CHI",
                             "--circumstances", "SYNTHETIC. Asked for a passport.", *age)
        return report["report_id"], report["person"]


class Shown:
    """What is shown at the end of a chore: by verbs, on the record, and in inboxes."""

    def __init__(self, *verbs, inboxes=(), about=(), histories=()):
        self.verbs = verbs
        self.inboxes = inboxes
        self.about = about  # Persons and referrals; rows of others are not the chore's.
        self.histories = histories

    def told(self, bus):
        """What is shown now. An end is marked as read by being shown: inboxes come last."""
        verbs = [bus.json(*words) for words in self.verbs]
        steps = [bus.steps(referral) for referral in self.histories]
        rows = [[row for row in bus.json("inbox", "--as", officer)
                 if any(one in json.dumps(row) for one in self.about)] for officer in self.inboxes]
        return settled(verbs), steps, settled(rows)


def both(referral, *officers, noun="case"):
    return [(noun, "show", referral, "--as", officer) for officer in officers]


def cases(person, *officers):
    """All referrals of a person: one that was opened twice is among them."""
    return [("case", "list", "--person", person, "--as", officer) for officer in officers]


# -- a post's report --

def report_routed(desk, route, unit):
    listed = ("post-report", "list", "--as", CONSUL)
    before = len(desk.bus.json(*listed))
    yield
    report, person = desk.report(*ADULT)
    desk.change("post-report", "route", report, "--as", CONSUL, "--to", route)
    desk.change("post-report", "accept", report, "--as", unit)
    assert len(desk.bus.json(*listed)) == before + 1, "%s is recorded twice" % report
    return Shown(*both(report, CONSUL, unit, noun="post-report"), inboxes=(CONSUL, unit),
                 about=(person,))


def report_to_diplomatic_security(desk):
    return report_routed(desk, "diplomatic-security", DSS)


def report_to_prm(desk):
    return report_routed(desk, "prm", PRM)


def child_by_a_post(desk):
    """A post's report of a child becomes a letter of HHS, without law enforcement."""
    report, person = desk.report(*CHILD)
    yield
    routed = desk.change("post-report", "route", report, "--as", CONSUL, "--to", "hhs-child",
                         "--duty", DUTY)
    referral = routed["routings"][0]["referral_id"]
    desk.await_case("RECEIVED", referral, ORR)
    return (yield from child_taken_in(desk, person, referral, CONSUL, (
        "post-report", "show", report, "--as", CONSUL)))


def child_taken_in(desk, person, referral, officer, *verbs):
    """HHS takes a child's referral up; two officials issue the letter."""
    desk.change("take-up", referral, "--as", ORR)
    desk.change("certification", "propose", person, "--as", ORR)
    desk.change("certification", "confirm", person, "--as", DIRECTOR)
    desk.await_case("TAKEN_UP", referral, officer)
    return Shown(("certification", "show", person), *verbs, *both(referral, ORR, officer),
                 *cases(person, ORR, officer), inboxes=(ORR, officer), about=(person,),
                 histories=(referral,))
    yield  # A part of a chore.


# -- the complaint line --

def called_back(desk):
    call, person = desk.call(*ADULT)
    yield
    desk.change("call", "safe-contact", call, "--as", LINE, *PLAN)
    desk.change("call", "call-back", call, "--as", LINE, "--outcome", "not-reached")
    desk.change("call", "safe-contact", call, "--as", LINE, "--nobody")
    desk.change("call", "close", call, "--as", LINE, *WHY)
    return Shown(("call", "show", call, "--as", LINE), inboxes=(LINE,), about=(person,))


def calls_linked(desk):
    call, person = desk.call(*ADULT)
    other, other_person = desk.call(*ADULT)
    yield
    desk.change("call", "link", other, call, "--as", LINE, "--caller-agrees")
    return Shown(*both(call, LINE, noun="call"), *both(other, LINE, noun="call"), inboxes=(LINE,),
                 about=(person, other_person))


def child_by_a_call(desk):
    call, person = desk.call(*CHILD)
    yield
    referred = desk.change("call", "refer-child", call, "--as", LINE, "--duty", DUTY)
    referral = referred["referrals"][0]["referral_id"]
    desk.await_case("RECEIVED", referral, ORR)
    return (yield from child_taken_in(desk, person, referral, LINE,
                                      ("call", "show", call, "--as", LINE)))


def call_in_danger(desk):
    """Referred without consent: when it lapses is counted from the first try."""
    call, person = desk.call(*ADULT, "--danger-now", *PLAN)
    yield
    referred = desk.change("call", "refer", call, "--as", LINE, "--emergency",
                           "SYNTHETIC. Threatened with a weapon.")
    referral = referred["referrals"][0]["referral_id"]
    desk.await_case("RECEIVED", referral, WORKER)
    return Shown(("call", "show", call, "--as", LINE), *both(referral, WORKER, LINE),
                 *cases(person, WORKER, LINE), inboxes=(WORKER,), about=(person,),
                 histories=(referral,))


# -- casework: the steps of either side --

def shown_services(person, consent, *referrals):
    return Shown(*(verb for referral in referrals for verb in both(referral, ETA, ORR)),
                 *cases(person, ETA, ORR), ("consent", "show", consent, "--as", ORR),
                 ("consent", "list", person, "--as", ORR), inboxes=(ETA, ORR), about=(person,),
                 histories=referrals)


def services_held(desk):
    person, consent, referral = desk.services("taken up")
    yield
    desk.change("hold", referral, "--as", ETA, "--until", "+14d", *WHY)
    desk.change("resume", referral, "--as", ETA)
    desk.change("services", "answer", referral, "--as", ETA, "--outcome", "job-training=enrolled")
    desk.await_case("ANSWERED", referral, ORR)
    return shown_services(person, consent, referral)


def services_returned_and_asked_again(desk):
    person, consent, referral = desk.services()
    yield
    desk.change("return", referral, "--as", ETA, "--kind", "no-capacity", *WHY)
    desk.await_case("RETURNED", referral, ORR)
    again = desk.change("case", "open", "--as", ORR, "--to-unit", "dol/eta", "--type", "services",
                        "--body", '{"services": ["job-search"]}', "--person", person, "--basis",
                        "consent:" + consent, "--needed-within", "36h", "--replaces",
                        referral)["referral_id"]
    desk.await_case("RECEIVED", again, ETA)
    return shown_services(person, consent, referral, again)


def services_not_cancelled(desk):
    """HHS asks to cancel; DOL goes on."""
    person, consent, referral = desk.services("taken up")
    yield
    desk.change("cancel", referral, "--as", ORR, *WHY)
    desk.await_case("CANCEL_ASKED", referral, ETA)
    desk.change("cancellation", referral, "--as", ETA, "--continue", *WHY)
    desk.await_case("TAKEN_UP", referral, ORR)
    return shown_services(person, consent, referral)


def services_entered_in_error(desk):
    person, consent, referral = desk.services("taken up")
    yield
    desk.change("case", "entered-in-error", referral, "--as", ORR, *WHY)
    desk.await_case("ENTERED_IN_ERROR", referral, ETA)
    return shown_services(person, consent, referral)


def glass_broken(desk):
    person, _, referral = desk.services()
    yield
    desk.change("case", "break-glass", referral, "--as", LINE, "--for", "10m", *WHY)
    for officer in (ETA, ORR):
        desk.await_that("the notice for " + officer, lambda case: case["broken_glass"], "case",
                        "show", referral, "--as", officer)
    notice = next(step["notice_referral_id"] for step in desk.bus.json(
        "history", referral, "--as", ETA) if "notice_referral_id" in step)
    return Shown(*both(referral, LINE, ETA, ORR), *cases(person, LINE, ETA, ORR),
                 inboxes=(ETA, ORR), about=(person,), histories=(referral, notice))


# -- consent --

def await_scope(desk, referral, officer=ETA):
    desk.await_that("the change of scope at " + officer, lambda case: case["scope_unanswered"],
                    "case", "show", referral, "--as", officer)


def await_answered(desk, consent):
    desk.await_that("the holder's answer", lambda shown: all(
        holder["answer"] != "SCOPE_ANSWER_PENDING" for holder in shown["holders"]), "consent",
                    "show", consent, "--as", ORR)


def consent_narrowed(desk):
    person, consent, referral = desk.services("taken up")
    yield
    desk.consent(person, "services", "dol")
    desk.change("consent", "change", consent, "--as", ORR, "--purpose", "services", *WHY)
    await_scope(desk, referral)
    desk.change("scope-confirm", referral, "--as", ETA)
    await_answered(desk, consent)
    return shown_services(person, consent, referral)


def consent_withdrawn(desk):
    person, consent, referral = desk.services("taken up")
    yield
    desk.change("consent", "withdraw", consent, "--as", ORR, *WHY)
    await_scope(desk, referral)
    desk.change("retain", referral, "--as", ETA, "--under", "45 CFR 74.53")
    await_answered(desk, consent)
    return shown_services(person, consent, referral)


def reintegrated(desk):
    """PRM passes a wished return on to USAID, which answers; then PRM does."""
    person = desk.person()
    consent = desk.consent(person, "return,tell-origin-government,share-with-iom", "dos,usaid")
    referral = desk.change(
        "return-home", "refer", "--as", ORR, "--person", person, "--country", "MD",
        "--return-consent", consent, "--origin-government-consent", consent, "--iom-consent",
        consent, "--risk", "low", "--risk-summary", "SYNTHETIC. Family awaits.",
        *ADULT)["referral_id"]
    desk.await_case("RECEIVED", referral, PRM)
    desk.change("take-up", referral, "--as", PRM)
    desk.await_case("TAKEN_UP", referral, ORR)
    yield
    onward = desk.change("return-home", "forward", referral, "--as", PRM, "--support",
                         "shelter")["referral_id"]
    desk.await_case("RECEIVED", onward, USAID)
    desk.change("take-up", onward, "--as", USAID)
    desk.change("answer", onward, "--as", USAID, "--body",
                '{"arranged": ["shelter"], "partner": "SYN shelter"}')
    desk.await_case("ANSWERED", onward, PRM)
    desk.change("return-home", "answer", referral, "--as", PRM, "--outcome", "returned")
    desk.await_case("ANSWERED", referral, ORR)
    return Shown(*both(referral, PRM, ORR), *both(onward, USAID, PRM),
                 *cases(person, ORR, PRM, USAID), ("consent", "show", consent, "--as", ORR),
                 inboxes=(ORR, PRM, USAID), about=(person,), histories=(referral, onward))


# -- continued presence --

def shown_petition(person, referral, *verbs):
    return Shown(*both(referral, FBI, INS, noun="petition"), *verbs, inboxes=(FBI, INS),
                 about=(person, referral), histories=(referral,))


def petition_held_and_returned(desk):
    person, referral = desk.petition()
    yield
    desk.change("take-up", referral, "--as", INS)
    desk.change("hold", referral, "--as", INS, "--until", "+14d", *WHY)
    desk.change("resume", referral, "--as", INS)
    desk.change("return", referral, "--as", INS, "--kind", "incomplete", *WHY)
    desk.await_petition("RETURNED", referral, FBI)
    return shown_petition(person, referral)


def petition_cancelled(desk):
    """INS goes on when it is asked first, and confirms when it is asked again."""
    person, referral = desk.petition()
    yield
    desk.change("cancel", referral, "--as", FBI, *WHY)
    desk.await_petition("CANCEL_ASKED", referral, INS)
    desk.change("cancellation", referral, "--as", INS, "--continue", *WHY)
    desk.await_petition("RECEIVED", referral, FBI)
    desk.change("cancel", referral, "--as", FBI, *WHY)
    desk.await_petition("CANCEL_ASKED", referral, INS)
    desk.change("cancellation", referral, "--as", INS, "--confirm")
    desk.await_petition("CANCELLED", referral, FBI)
    return shown_petition(person, referral)


def presence_renewed(desk):
    person, referral = desk.petition()
    presence = desk.grant(referral)
    yield
    renewal = desk.change("presence", "renew", presence, "--as", FBI, "--case-number",
                          "SYN-2002-0200", "--circumstances", "SYNTHETIC. The trial goes on.",
                          "--certify-witness", "--until", "+1095d")["referral_id"]
    desk.await_petition("RECEIVED", renewal, INS, FBI)
    desk.grant(renewal, "--from", "+366d", "--until", "+1095d")
    return shown_petition(person, renewal, *(
        ("presence", "list", "--person", person, "--as", officer) for officer in (FBI, INS)))


def presence_ended(desk):
    """Work is authorized, then two officials end the presence; DOJ and HHS are told."""
    person, referral = desk.petition()
    presence = desk.grant(referral)
    desk.await_that("the presence at HHS", lambda case: case["status"], "certification", "show",
                    person)
    yield
    desk.change("presence", "authorize-work", presence, "--basis", "parole", "--as", INS)
    end = ("presence", "end", presence, "--kind", "other", *WHY)
    desk.change(*end, "--as", INS)
    desk.change(*end, "--as", CHIEF)
    desk.await_state("PRESENCE_STATE_ENDED", "presence", "show", presence, "--as", FBI)
    desk.await_that("the end at HHS", lambda case: len(case["status"]) > 1, "certification",
                    "show", person)
    return shown_petition(person, referral, ("certification", "show", person),
                          *both(presence, FBI, INS, noun="presence"))


# -- the auditor --

def finding_closed(desk):
    """INS responds to what the auditor found, and the auditor closes it."""
    person, referral = desk.petition("--needed-within", "1s")

    def found():
        return next((finding["finding_id"] for finding in desk.bus.json(
            "audit", "findings", "--open", "--rule", "overdue")
                     if finding["referral_id"] == referral), None)
    finding = command.eventually("the finding", found)
    yield
    desk.change("audit", "respond", finding, "--concur", "SYNTHETIC. It was late.",
                *desk.credential("ins"))
    desk.close_finding(finding)
    command.eventually("the closing at INS", lambda: not any(
        row.get("title") and row["referral_id"] == referral
        for row in desk.bus.json("inbox", "--as", INS)))
    return shown_petition(person, referral, ("audit", "show", finding),
                          ("audit", "show", finding, *desk.credential("ins")))


# Each with the rpcs, and the steps of a referral, for which it stands here.
Chore = collections.namedtuple("Chore", "tell rpcs steps")


def chore(tell, rpcs, steps=""):
    return Chore(tell, tuple(rpcs.split()), tuple(steps.split()))


CHORES = (
    chore(report_to_diplomatic_security, "RecordPostReport RoutePostReport AcceptPostReport"),
    chore(report_to_prm, "RecordPostReport RoutePostReport AcceptPostReport"),
    chore(child_by_a_post, "RoutePostReport StepReferral ProposeLetter ConfirmLetter", "TAKE_UP"),
    chore(called_back, "SetSafeContact RecordCallBack CloseCall"),
    chore(calls_linked, "LinkCalls"),
    chore(child_by_a_call, "ReferChild StepReferral ProposeLetter ConfirmLetter", "TAKE_UP"),
    chore(call_in_danger, "ReferCall"),
    chore(services_held, "StepReferral ProposeAnswer", "HOLD RESUME"),
    chore(services_returned_and_asked_again, "StepReferral OpenReferral", "RETURN"),
    chore(services_not_cancelled, "StepReferral", "CANCEL CONTINUE"),
    chore(services_entered_in_error, "StepReferral", "ENTERED_IN_ERROR"),
    chore(glass_broken, "BreakGlass"),
    chore(consent_narrowed, "RecordConsent ChangeConsent StepReferral", "SCOPE_CONFIRMED"),
    chore(consent_withdrawn, "ChangeConsent StepReferral", "RETAINED_UNDER"),
    chore(reintegrated, "ForwardReferral StepReferral ProposeAnswer", "TAKE_UP"),
    chore(petition_held_and_returned, "TakeUpPetition HoldPetition ResumePetition ReturnPetition"),
    chore(petition_cancelled, "CancelPetition DecideCancellation"),
    chore(presence_renewed, "RequestRenewal TakeUpPetition ProposeDecision ConfirmDecision"),
    chore(presence_ended, "IssueWorkAuthorization EndPresence"),
    chore(finding_closed, "Respond CloseFinding"),
)
