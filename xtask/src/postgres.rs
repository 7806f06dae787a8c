//! The statements of `docs/EXISTING-DATABASE.md`, run as they stand there by a real server, with what the lower floor
//! seals.

use crate::place::Place;
use crate::run::{self, Logged, program};
use crate::tools;
use ampoule::expert::{ChartKeys, SealedEntry, Unlocked};
use ampoule::{Grant, MemberKind, Record, Recovery, Suite, Unlock};
use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
/// Whom the server runs as where these commands are the administrator's: it refuses to be that.
const SERVER: &str = "postgres";
/// The tables of before.
const BEFORE: &str = "CREATE TABLE patient (id bigint PRIMARY KEY); INSERT INTO patient VALUES (1), (2);\n\
    CREATE TABLE note (id bigint PRIMARY KEY, patient_id bigint REFERENCES patient, plain text);\n\
    INSERT INTO note VALUES (10, 1, 'Blood pressure 120/80'), (11, 1, 'It''s fine');";
const NOW_MS: i64 = 1_700_000_000_000;

/// Returns how many statements of the document did what it says.
pub(crate) fn run(place: &Place, log: &Path) -> Result<usize> {
    let document = fs::read_to_string(place.root.join("docs/EXISTING-DATABASE.md"))?;
    let columns = between(&document, "### PostgreSQL\n\n```sql\n", "```").context("no statements for PostgreSQL")?;
    let replace = between(&document, "## Replacing a state\n", "## Moving").context("no statement for a state")?;
    let replace = between(replace, "```sql\n", "```").context("no statement for a state")?;
    let moves = between(&document, "`UPDATE note SET ", "`").context("no statement for a row")?;
    let moves = format!("UPDATE note SET {moves};");

    let server = Server::start(log)?;
    server.sql(BEFORE, &[])?;
    server.sql(columns, &[])?;

    // Founded: three states of keys, in their rows.
    let key = Unlock::device_key(&[7; 32]);
    let none = Recovery::none_data_will_be_lost();
    let (member, _) = Unlocked::create("Riverside EHR", MemberKind::Service, &key, &none, Suite::default(), NOW_MS)?;
    let chart = ChartKeys::create(&member, NOW_MS)?;
    let founded = "INSERT INTO ampoule_member VALUES (1, :member, 1); INSERT INTO ampoule_chart VALUES (1, :chart, 1);";
    server.sql(founded, &[("member", bytes(member.bytes())), ("chart", bytes(&chart.state(&member)?))])?;
    ensure!(
        server.sql(founded, &[("member", bytes(&[1])), ("chart", bytes(&[1]))]).is_err(),
        "a state is founded twice"
    );

    // Shared and taken back: replaced once, and not by whoever read the one before.
    let other = Unlocked::create("Laboratory", MemberKind::Service, &key, &none, Suite::default(), NOW_MS)?.0.card()?;
    let chart = chart.share(&other, &Grant::read(), NOW_MS)?.revoke(&other, NOW_MS)?;
    let values = [("new", bytes(&chart.state(&member)?)), ("patient", "1".to_owned()), ("read", "1".to_owned())];
    for expected in ["UPDATE 1", "UPDATE 0"] {
        let said = server.sql(replace, &values)?;
        ensure!(said.trim() == expected, "a state was replaced: {said}");
    }

    // Moved over: each row once, and none that was changed meanwhile.
    for (id, plain) in [(10, "Blood pressure 120/80"), (11, "It's fine")] {
        let sealed = chart.seal(&Record::opaque("text/plain", plain), NOW_MS)?;
        let opened = chart.open(&sealed)?;
        ensure!(opened.record.content() == plain.as_bytes(), "what was sealed opens as another text");
        let with = |plain: &str| {
            let text = format!("'{}'", plain.replace('\'', "''"));
            let hash = bytes(&opened.hash);
            [("sealed", bytes(&sealed.to_bytes())), ("hash", hash), ("id", id.to_string()), ("plain", text)]
        };
        for (plain, expected) in [("another", "UPDATE 0"), (plain, "UPDATE 1"), (plain, "UPDATE 0")] {
            let said = server.sql(&moves, &with(plain))?;
            ensure!(said.trim() == expected, "a row was moved over: {said}");
        }
    }
    ensure!(server.sql("UPDATE note SET sealed_hash = '\\x00' WHERE id = 10;", &[]).is_err(), "a short hash is kept");

    // Read back, as another start of the program would.
    let member = Unlocked::open(&server.value("SELECT state FROM ampoule_member")?, &key)?;
    let chart = ChartKeys::load(&server.value("SELECT state FROM ampoule_chart WHERE patient_id = 1")?, &member)?;
    let sealed = SealedEntry::from_bytes(&server.value("SELECT sealed FROM note WHERE id = 11")?)?;
    let hash = server.value("SELECT sealed_hash FROM note WHERE id = 11")?;
    let hash: [u8; 32] = hash.try_into().ok().context("the hash came back with another length")?;
    ensure!(chart.open_expecting(&sealed, &hash)?.record.content() == b"It's fine", "another text came back");
    let left = server.sql("SELECT count(*) FROM note WHERE plain IS NOT NULL;", &[])?;
    ensure!(left.trim() == "0", "{left} rows of plaintext are left");
    server.sql("ALTER TABLE note DROP COLUMN plain;\nVACUUM FULL note;", &[])?;
    Ok(6)
}

/// A server with a database of its own, on this machine's loopback alone. It ends when this is dropped.
struct Server<'a> {
    process: Child,
    folder: PathBuf,
    port: u16,
    password: String,
    log: &'a Path,
}

impl<'a> Server<'a> {
    fn start(log: &'a Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("ampoule-postgres-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        let mut random = [0; 16];
        std::io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut random)?;
        let password = hex(&random);
        fs::write(folder.join("password"), &password)?;
        if tools::is_root() {
            run::shown(program("chown", ["-R", SERVER]).arg(&folder))?;
        }
        let data = folder.join("data");
        let mut create = server("initdb")?;
        create.args(["--auth=scram-sha-256", "--username=ehr", "--no-locale", "--encoding=UTF8", "--no-sync"]);
        create.arg("--pwfile").arg(folder.join("password")).arg("-D").arg(&data);
        green(&mut create, log)?;
        // Free a moment ago. Where somebody was quicker, the server says so and ends.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut start = server("postgres")?;
        start.arg("-D").arg(&data).arg("-k").arg(&folder).args(["-p", &port.to_string(), "-c"]);
        let process = start.arg("listen_addresses=127.0.0.1").stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut this = Self { process, folder, port, password, log };
        let begun = Instant::now();
        while this.sql("SELECT 1;", &[]).is_err() {
            if let Some(status) = this.process.try_wait()? {
                bail!("PostgreSQL ended by itself: {status}");
            }
            ensure!(begun.elapsed() < LIMIT, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(this)
    }

    /// Runs statements in one session, with values in the place of their names, and returns what they say.
    fn sql(&self, statements: &str, values: &[(&str, String)]) -> Result<String> {
        let script = self.log.with_extension("sql");
        fs::write(&script, statements)?;
        let mut psql = program("psql", ["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "ehr"]);
        psql.args(["-d", "postgres", "-p", &self.port.to_string()]).env("PGPASSWORD", &self.password);
        for (name, value) in values {
            psql.arg("-v").arg(format!("{name}={value}"));
        }
        let said = green(psql.arg("-f").arg(&script), self.log);
        fs::remove_file(&script)?;
        said
    }

    /// A single value of bytes.
    fn value(&self, query: &str) -> Result<Vec<u8>> {
        let said = self.sql(&format!("SELECT encode(({query}), 'hex');"), &[])?;
        let digits = said.trim().as_bytes().chunks(2);
        digits.map(|two| Ok(u8::from_str_radix(std::str::from_utf8(two)?, 16)?)).collect()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // At once, and with an end to those who are connected.
        let _asked = program("kill", ["-INT", &self.process.id().to_string()]).status();
        let _ended = self.process.wait();
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

/// A program of the server's, under a name that it accepts. What it becomes has the same process id.
fn server(name: &str) -> Result<Command> {
    let path = tools::find(name).map_or_else(|| installed(name), Ok)?;
    if !tools::is_root() {
        return Ok(program(path, [""; 0]));
    }
    let mut command = program("setpriv", ["--reuid", SERVER, "--regid", SERVER, "--clear-groups", "--"]);
    command.arg(path).current_dir("/");
    Ok(command)
}

/// Where Debian has it, which is not in the path.
fn installed(name: &str) -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed")?;
    let paths = versions.filter_map(|version| Some(version.ok()?.path().join("bin").join(name)));
    paths.filter(|path| path.is_file()).max().with_context(|| format!("PostgreSQL has no {name}"))
}

fn green(command: &mut Command, log: &Path) -> Result<String> {
    let Logged { success, text } = run::logged(command, log, LIMIT)?;
    ensure!(success, "{} failed:\n{text}", Path::new(command.get_program()).file_name().map_or_else(String::new, name));
    Ok(text)
}

fn name(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

/// A value of bytes, as a statement has it.
fn bytes(bytes: &[u8]) -> String {
    format!("'\\x{}'", hex(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    Some(text.split_once(from)?.1.split_once(to)?.0)
}
