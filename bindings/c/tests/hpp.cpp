/* The C++ layer: owners, exceptions, callbacks that throw. */
#include <ampoule.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <tuple>
#include <type_traits>

namespace {

int passed = 0, failed = 0, failures_here = 0;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            failures_here++; \
            std::printf("# %s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
        } \
    } while (0)

template <typename Work> uint32_t status_of(Work work) {
    try {
        work();
        return AMPOULE_STATUS_OK;
    } catch (const ampoule::error &error) {
        return error.status();
    }
}

std::string folder;

ampoule::vault vault_of(const char *name, uint8_t byte) {
    return ampoule::vault::create(ampoule::store::memory(), name, ampoule::unlock::device_key({byte})).first;
}

static_assert(!std::is_copy_constructible<ampoule::vault>::value, "a handle has one owner");
static_assert(!std::is_copy_assignable<ampoule::buffer>::value, "a buffer has one owner");
static_assert(std::is_nothrow_move_constructible<ampoule::chart>::value, "owners move");

void owners_close_what_they_own() {
    const auto before = ampoule_handle_count();
    {
        auto vault = vault_of("Dr. Lee", 1);
        auto moved = std::move(vault);
        CHECK(!vault && moved);
        auto chart = moved.create_chart();
        moved = vault_of("Dr. Who", 2); // the old one goes with its owner
        CHECK(chart.entry(chart.put(ampoule::record("text/plain", ampoule::view("note")))).content().text() == "note");
    }
    CHECK(ampoule_handle_count() == before);
    // A raw handle that was kept is no way around its owner.
    ampoule_chart *kept = nullptr;
    {
        auto vault = vault_of("Dr. Lee", 1);
        auto chart = vault.create_chart();
        kept = chart.get();
    }
    ampoule_chart_id id;
    CHECK(ampoule_chart_get_id(kept, &id) == AMPOULE_STATUS_CLOSED_HANDLE);
}

void failures_are_exceptions_with_the_status() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    CHECK(status_of([&] { (void)chart.entry({}); }) == AMPOULE_STATUS_UNKNOWN_ENTRY);
    vault.lock();
    CHECK(status_of([&] { (void)vault.card(); }) == AMPOULE_STATUS_LOCKED);
    vault.unlock_again(ampoule::unlock::device_key({1}));
    CHECK(vault.charts().size() == 1);
    CHECK(status_of([&] { ampoule::record("text/plain").name("\xff"); }) == AMPOULE_STATUS_INVALID_TEXT);
    try {
        (void)chart.entry({});
    } catch (const std::exception &error) {
        CHECK(std::string(error.what()).find("no such entry") != std::string::npos);
    }
}

void h56_a_callback_that_throws_ends_the_call_and_comes_out_of_it() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    const std::string path = folder + "/file";
    std::ofstream(path) << std::string(200000, 'x');
    const ampoule::record info("text/plain");
    int thrown = 0;
    try {
        chart.put_path(info, path, [](uint64_t) -> bool { throw std::runtime_error("the window was closed"); });
    } catch (const ampoule::error &) {
        CHECK(false);
    } catch (const std::runtime_error &error) {
        thrown++;
        CHECK(std::string(error.what()) == "the window was closed");
    }
    CHECK(thrown == 1 && chart.find(ampoule::query()).empty());
    // The vault is none the worse for it.
    CHECK(status_of([&] { chart.put_path(info, path, [](uint64_t) { return false; }); }) == AMPOULE_STATUS_CANCELLED);
    const auto file = chart.file(chart.put_path(info, path));
    CHECK(file.size() == 200000 && file.read_range(5, 3).text() == "xxx");
    CHECK(std::remove(path.c_str()) == 0);
}

void charts_are_shared_and_found() {
    auto clinic = vault_of("Riverside Clinic", 1), lee = vault_of("Dr. Lee", 2);
    auto to = clinic.add_contact(lee.card().view());
    auto from = lee.add_contact(clinic.card().view());
    CHECK(status_of([&] { to.verify("00000 00000"); }) == AMPOULE_STATUS_FINGERPRINT_MISMATCH);
    to.verify(to.digits().text());
    from.verify(from.digits().text());
    auto chart = clinic.create_chart();
    ampoule::record record("text/plain", ampoule::view("HbA1c 6.1"));
    record.kind("Observation").code("http://loinc.org", "4548-4").words("HbA1c").name("HbA1c");
    const auto id = chart.put(record);
    CHECK(chart.share(to, ampoule::grant(AMPOULE_RIGHTS_READ)) == AMPOULE_STANDING_COMMITTED);
    ampoule::buffer next;
    const auto applied = lee.import(chart.export_to(to).view(), &next);
    CHECK(applied.added == 1);
    auto copy = lee.chart(applied.chart);
    CHECK(copy.find(ampoule::query("Observation").code("http://loinc.org", "4548-4").words("hba1c")).size() == 1);
    const auto entry = copy.entry(id);
    CHECK(entry.author() == "Riverside Clinic" && entry.name() == "HbA1c" && !entry.info().mine);
    chart.revoke(to);
    lee.import(chart.export_to(to, next.view()).view());
    CHECK(status_of([&] { (void)copy.entry(id); }) == AMPOULE_STATUS_GRANT_ENDED);
}

// A store in memory: each state is a map that does not change, which shares its values with the one before.
using bytes = std::vector<uint8_t>;
using place = std::tuple<uint32_t, bytes, bytes>;
using state = std::map<place, std::shared_ptr<const bytes>>;

bytes copy(ampoule::view from) { return {from.begin(), from.end()}; }

struct memory {
    std::mutex mutex;
    std::condition_variable free;
    bool writing = false;
    std::shared_ptr<const state> now = std::make_shared<state>();
    uint64_t generation = 1;
    // Where it throws, and what.
    std::string throws_in;
    void reach(const char *where) const {
        if (throws_in == where) throw std::runtime_error("the database went away");
        if (throws_in == std::string("full ") + where) throw ampoule::error(AMPOULE_STATUS_STORE_FULL);
    }
};

struct memory_change : ampoule::rows_change {
    memory &of;
    state rows;
    uint64_t since;
    bool writes;

    memory_change(memory &of, bool writes) : of(of), writes(writes) {
        std::unique_lock<std::mutex> lock(of.mutex);
        if (writes) {
            if (!of.free.wait_for(lock, std::chrono::milliseconds(200), [&] { return !of.writing; })) {
                throw ampoule::error(AMPOULE_STATUS_STORE_BUSY);
            }
            of.writing = true;
        }
        rows = *of.now;
        since = of.generation;
    }
    ~memory_change() override {
        if (!writes) return;
        const std::lock_guard<std::mutex> lock(of.mutex);
        of.writing = false;
        of.free.notify_one();
    }
    uint64_t generation() override { return since; }
    void give(state::const_iterator row, ampoule::rows &into) { into.add(std::get<2>(row->first), *row->second); }
    void get(uint32_t table, ampoule::view part, ampoule::view key, ampoule::rows &into) override {
        of.reach("get");
        const auto found = rows.find({table, copy(part), copy(key)});
        if (found != rows.end()) give(found, into);
    }
    void scan(uint32_t table, ampoule::view part, std::optional<ampoule::view> after, std::size_t limit,
              ampoule::rows &into) override {
        const auto whose = copy(part);
        auto row = after ? rows.upper_bound({table, whose, copy(*after)}) : rows.lower_bound({table, whose, {}});
        for (; limit > 0 && row != rows.end() && std::get<0>(row->first) == table && std::get<1>(row->first) == whose; ++row) {
            give(row, into);
            limit--;
        }
    }
    void last(uint32_t table, ampoule::view part, ampoule::rows &into) override {
        const auto whose = copy(part);
        auto next = whose;
        next.push_back(0); // the part that comes after, if there is one
        auto row = rows.lower_bound({table, next, {}});
        if (row == rows.begin()) return;
        --row;
        if (std::get<0>(row->first) == table && std::get<1>(row->first) == whose) give(row, into);
    }
    void put(uint32_t table, ampoule::view part, ampoule::view key, ampoule::view value) override {
        of.reach("put");
        rows[{table, copy(part), copy(key)}] = std::make_shared<bytes>(copy(value));
    }
    bool remove(uint32_t table, ampoule::view part, ampoule::view key) override {
        return rows.erase({table, copy(part), copy(key)}) > 0;
    }
    std::optional<uint64_t> commit() override {
        of.reach("commit");
        const std::lock_guard<std::mutex> lock(of.mutex);
        of.now = std::make_shared<state>(rows);
        return ++of.generation;
    }
};

struct memory_store : ampoule::rows_store {
    std::shared_ptr<memory> rows;
    explicit memory_store(std::shared_ptr<memory> rows) : rows(std::move(rows)) {}
    std::unique_ptr<ampoule::rows_view> read() override {
        rows->reach("read");
        return rows->throws_in == "nothing" ? nullptr : std::make_unique<memory_change>(*rows, false);
    }
    std::unique_ptr<ampoule::rows_change> write() override { return std::make_unique<memory_change>(*rows, true); }
};

ampoule::store store_on(const std::shared_ptr<memory> &rows) {
    return ampoule::store::of(std::make_unique<memory_store>(rows));
}

void a_store_of_ones_own_keeps_a_vault() {
    const auto trial = std::make_shared<memory>();
    const auto broken = store_on(trial).broken_promises();
    CHECK(broken.text().empty());
    if (!broken.text().empty()) std::printf("# %s\n", std::string(broken.text()).c_str());
    const auto rows = std::make_shared<memory>();
    ampoule_chart_id chart;
    ampoule_entry_id id;
    {
        auto vault = ampoule::vault::create(store_on(rows), "Dr. Lee", ampoule::unlock::device_key({1})).first;
        auto founded = vault.create_chart();
        chart = founded.id();
        id = founded.put(ampoule::record("text/plain", ampoule::view("note")));
    }
    CHECK(rows.use_count() == 1);
    const auto vault = ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1}));
    CHECK(vault.chart(chart).entry(id).content().text() == "note");
    uint64_t told = 0;
    const auto found = vault.verify([&](uint64_t done) { told = done; });
    CHECK(found.report.versions == 1 && found.wrong.empty() && found.not_here.empty() && told == 1);
}

void h56_a_store_that_throws_is_an_error_of_the_store() {
    const auto rows = std::make_shared<memory>();
    auto vault = ampoule::vault::create(store_on(rows), "Dr. Lee", ampoule::unlock::device_key({1})).first;
    auto chart = vault.create_chart();
    const ampoule::record note("text/plain", ampoule::view("note"));
    const auto status = [&](const char *where) {
        rows->throws_in = where;
        const auto of = status_of([&] { chart.put(note); });
        rows->throws_in.clear();
        return of;
    };
    CHECK(status("put") == AMPOULE_STATUS_STORE_IO);
    CHECK(status("full put") == AMPOULE_STATUS_STORE_FULL);
    CHECK(status("commit") == AMPOULE_STATUS_STORE_UNCERTAIN);
    for (const char *where : {"read", "get", "nothing"}) {
        rows->throws_in = where;
        const auto of = status_of([&] { ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1})); });
        CHECK(of == AMPOULE_STATUS_STORE_IO);
    }
    rows->throws_in.clear();
    CHECK(ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1})).charts().size() == 1);
}

struct forgetful_keeper : ampoule::checkpoint_keeper {
    std::shared_ptr<std::optional<bytes>> kept;
    explicit forgetful_keeper(std::shared_ptr<std::optional<bytes>> kept) : kept(std::move(kept)) {}
    std::optional<bytes> load() override {
        if (*kept && (*kept)->empty()) throw std::runtime_error("the keystore is locked");
        return *kept;
    }
    void save(ampoule::view checkpoint) override { *kept = copy(checkpoint); }
};

void h56_a_keeper_that_throws_is_one_that_cannot_be_reached() {
    const auto kept = std::make_shared<std::optional<bytes>>();
    const auto rows = std::make_shared<memory>();
    const auto options = [&] {
        ampoule::options made;
        made.keeper(std::make_unique<forgetful_keeper>(kept));
        return made;
    };
    const auto first = options();
    ampoule::vault::create(store_on(rows), "Dr. Lee", ampoule::unlock::device_key({1}), &first).first.lock();
    CHECK(kept->has_value());
    CHECK(status_of([&] { ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1}), &first); }) == AMPOULE_STATUS_OK);
    (*kept)->clear();
    CHECK(status_of([&] { ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1}), &first); }) ==
          AMPOULE_STATUS_KEEPER_UNAVAILABLE);
}

void what_a_vault_knows_comes_as_values() {
    auto clinic = vault_of("Riverside Clinic", 1), lee = vault_of("Dr. Lee", 2);
    auto to = clinic.add_contact(lee.card().view()), from = lee.add_contact(clinic.card().view());
    to.verify(to.digits().text());
    from.verify(from.digits().text());
    auto chart = clinic.create_chart();
    chart.share(to, ampoule::grant(AMPOULE_RIGHTS_WRITE).label("hiv"));
    const auto shares = chart.shares();
    CHECK(shares.size() == 2 && chart.fork().empty());
    for (const auto &share : shares) {
        const auto labels = std::vector<std::string>(share.name == "Dr. Lee" ? 1 : 0, "hiv");
        CHECK(share.labels == labels && !share.info.ends);
    }
    CHECK(!chart.patient());
    chart.describe({{"Ana Silva"}, {{"urn:mrn", "4711"}}, "1980-04-01"});
    const auto ana = chart.patient();
    CHECK(ana && ana->names[0] == "Ana Silva" && ana->identifiers[0].second == "4711" && ana->birth_date == "1980-04-01");
    CHECK(clinic.find_patients("sil").size() == 1 && clinic.find_patients("x").empty());
    const auto device = clinic.add_device(ampoule::unlock::device_key({9}));
    CHECK(clinic.devices().size() == 2 && clinic.devices(true).empty());
    clinic.retire_device(device, "left on a train");
    CHECK(clinic.devices(true)[0].reason == "left on a train");
    // He writes while his access is being ended.
    auto copy = lee.chart(lee.import(chart.export_to(to).view()).chart);
    const auto late = copy.put(ampoule::record("text/plain", ampoule::view("Seen")).label("hiv"));
    chart.revoke(to);
    clinic.import(copy.export_labels_to(from, "hiv").view());
    const auto apart = chart.quarantine();
    CHECK(apart.size() == 1 && apart[0].author == "Dr. Lee");
    chart.adopt(apart[0].info.version, "he was on duty");
    CHECK(chart.entry(late).content().text() == "Seen" && chart.quarantine().empty());
    CHECK(status_of([&] { chart.adopt(apart[0].info.version, "again"); }) == AMPOULE_STATUS_NOT_QUARANTINED);
    CHECK(clinic.export_audit(to, chart.id()).view().size() > 0);
    bool thrown = false;
    try {
        clinic.verify([](uint64_t) { throw std::runtime_error("the window was closed"); });
    } catch (const std::runtime_error &error) {
        thrown = std::string(error.what()) == "the window was closed";
    }
    CHECK(thrown);
}

void run(const char *name, void (*test)()) {
    failures_here = 0;
    try {
        test();
    } catch (const std::exception &error) {
        failures_here++;
        std::printf("# %s\n", error.what());
    }
    if (ampoule_handle_count() != 0) {
        failures_here++;
        std::printf("# handles are open\n");
    }
    std::printf("%s %d - %s\n", failures_here == 0 ? "ok" : "not ok", passed + failed + 1, name);
    (failures_here == 0 ? passed : failed)++;
}

} // namespace

int main(int count, char **arguments) {
    folder = count > 2 ? arguments[2] : ".";
    run("owners_close_what_they_own", owners_close_what_they_own);
    run("failures_are_exceptions_with_the_status", failures_are_exceptions_with_the_status);
    run("h56_a_callback_that_throws_ends_the_call_and_comes_out_of_it",
        h56_a_callback_that_throws_ends_the_call_and_comes_out_of_it);
    run("charts_are_shared_and_found", charts_are_shared_and_found);
    run("a_store_of_ones_own_keeps_a_vault", a_store_of_ones_own_keeps_a_vault);
    run("h56_a_store_that_throws_is_an_error_of_the_store", h56_a_store_that_throws_is_an_error_of_the_store);
    run("h56_a_keeper_that_throws_is_one_that_cannot_be_reached", h56_a_keeper_that_throws_is_one_that_cannot_be_reached);
    run("what_a_vault_knows_comes_as_values", what_a_vault_knows_comes_as_values);
    std::printf("1..%d\ntest result: %s. %d passed; %d failed\n", passed + failed, failed == 0 ? "ok" : "FAILED", passed,
                failed);
    return failed == 0 ? 0 : 1;
}
