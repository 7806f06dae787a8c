/* Threads, and messages that a push brought. */
#include "harness.hpp"

namespace {

void a_thread_is_read_by_both() {
    ampoule::options options;
    options.receipts(AMPOULE_RECEIPTS_READ);
    pair_of_vaults both(&options);
    auto chart = both.clinic.create_chart();
    const auto photo = chart.put(note("photo"));
    auto thread = chart.start_thread("Knee pain", "general");
    const auto first = thread.send_once("key 1", ampoule::message("Where does it hurt?").attach(photo).attach(photo, 1500));
    CHECK(same(first, thread.send_once("key 1", ampoule::message("never sent"))));
    auto copy = both.share(chart, AMPOULE_RIGHTS_WRITE);
    auto theirs = copy.thread(thread.id());
    CHECK(same(theirs.id(), thread.id()));
    auto acting = both.lee.acting_for("urn:directory", "nurse-17", "session-1", "rounds").chart(copy.id());
    const auto answer = acting.thread(thread.id()).send(ampoule::message("Here.").reply_to(first));
    theirs.react(first, "\u2764");
    theirs.react(first, "ok");
    theirs.take_back(first, "ok");
    CHECK(theirs.acknowledge(first, AMPOULE_RECEIPT_READ));
    both.clinic.import(copy.export_to(both.from).view());

    const auto threads = chart.threads();
    CHECK(threads.size() == 1 && threads.at(0).second == "Knee pain" && threads.at(0).first.messages == 2);
    CHECK(status_of([&] { (void)threads.at(1); }) == AMPOULE_STATUS_OUT_OF_RANGE);
    const auto messages = thread.last(10);
    CHECK(messages.size() == 2);
    const auto one = messages.at(0), two = messages.at(1);
    CHECK(same(one.info().id, first) && one.text() == "Where does it hurt?" && same(one.thread(), thread.id()));
    CHECK(same(two.info().id, answer) && two.info().is_reply && same(two.info().reply_to, first));
    CHECK(two.author_name() == "Dr. Lee" && two.author().known == AMPOULE_KNOWN_VERIFIED && two.author().is_contact);
    CHECK(two.actor_subject().text() == "nurse-17" && one.actor_subject().text().empty());
    const auto sent = one.attachments();
    CHECK(sent.size() == 2 && same(sent[0].entry, photo) && sent[0].voice_ms == 0 && sent[1].voice_ms == 1500);
    const auto reactions = one.reactions();
    CHECK(reactions.size() == 1 && reactions[0].text == "\u2764" && reactions[0].name == "Dr. Lee");
    CHECK(reactions.size() == 1 && same(reactions[0].author.contact, both.to.info().id));
    const auto receipts = one.receipts();
    CHECK(receipts.size() == 1 && receipts[0].receipt == AMPOULE_RECEIPT_READ && receipts[0].name == "Dr. Lee");
    const auto before = thread.before(two, 5);
    CHECK(before.size() == 1 && same(before.at(0).info().id, first));

    thread.edit(first, ampoule::message("Where?"));
    CHECK(chart.message(first).text() == "Where?" && chart.message(first).info().revision == AMPOULE_REVISION_EDITED);
    CHECK(status_of([&] { thread.remove(answer); }) == AMPOULE_STATUS_NOT_AUTHOR);
    thread.remove(first);
    CHECK(chart.message(first).text().empty() && chart.message(first).info().revision == AMPOULE_REVISION_DELETED);
}

void a_message_is_shown_while_the_vault_is_locked() {
    pair_of_vaults both;
    auto chart = both.clinic.create_chart();
    auto thread = chart.start_thread("Knee pain", "general");
    auto copy = both.share(chart, AMPOULE_RIGHTS_READ);
    const std::array<uint8_t, 32> key = {77, 1, 2, 3}, other = {78};
    const auto keys = both.lee.preview_keys(ampoule::previews().add(copy.thread(thread.id())), key);
    both.lee.lock();
    const auto id = thread.send(ampoule::message("It is not broken."));
    const auto notice = thread.notice(id);
    const auto shown = ampoule::open_preview(notice.view(), keys.view(), key);
    CHECK(shown.text() == "It is not broken." && shown.author() == "Riverside Clinic");
    CHECK(same(shown.info().id, id) && same(shown.info().thread, thread.id()) && shown.info().known == AMPOULE_KNOWN_VERIFIED);
    CHECK(status_of([&] { ampoule::open_preview(notice.view(), keys.view(), other); }) == AMPOULE_STATUS_WAY_FAILED);
    chart.revoke(both.to);
    const auto after = thread.notice(thread.send(ampoule::message("after")));
    CHECK(status_of([&] { ampoule::open_preview(after.view(), keys.view(), key); }) == AMPOULE_STATUS_OUTDATED_PREVIEW);
}

} // namespace

const test talk_tests[] = {
    {"a_thread_is_read_by_both", a_thread_is_read_by_both},
    {"a_message_is_shown_while_the_vault_is_locked", a_message_is_shown_while_the_vault_is_locked},
    {nullptr, nullptr},
};
