/* Runs all tests of the C++ layer. The second argument is a folder for what they write. */
#include "harness.hpp"

namespace {

int passed = 0, failed = 0;

void run(const test *tests) {
    for (; tests->name != nullptr; tests++) {
        failures_here = 0;
        try {
            tests->run();
        } catch (const std::exception &error) {
            failures_here++;
            std::printf("# %s\n", error.what());
        }
        if (ampoule_handle_count() != 0) {
            failures_here++;
            std::printf("# handles are open\n");
        }
        std::printf("%s %d - %s\n", failures_here == 0 ? "ok" : "not ok", passed + failed + 1, tests->name);
        (failures_here == 0 ? passed : failed)++;
    }
}

} // namespace

std::string fresh_path(const char *name) {
    static int number = 0;
    return folder + "/" + std::to_string(number++) + "-" + name;
}

int main(int count, char **arguments) {
    if (count > 2) folder = arguments[2];
    for (const auto *tests : {chart_tests, file_tests, floor_tests, keeping_tests, link_tests, owner_tests, sharing_tests,
                              store_tests, talk_tests, upkeep_tests}) {
        run(tests);
    }
    std::printf("1..%d\ntest result: %s. %d passed; %d failed\n", passed + failed, failed == 0 ? "ok" : "FAILED", passed,
                failed);
    return failed == 0 ? 0 : 1;
}
