//! Functions that C gave, and what they work on.

use crate::boundary;
use crate::codes::ampoule_event_kind;
use crate::handles;
use crate::ids::{ampoule_chart_id, ampoule_entry_id};
use crate::options::ampoule_options;
use crate::status::ampoule_status;
use ampoule::{AuditEvent, Clock, EventSink};
use std::ffi::{c_char, c_void};
use std::ops::ControlFlow;

/// What a function of the caller works on. The library only passes it on.
pub(crate) struct Context {
    ctx: *mut c_void,
    destroy: ampoule_destroy,
}

// SAFETY: the caller says that its functions may be called with it from any thread, and from several at once.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    pub(crate) fn new(ctx: *mut c_void, destroy: ampoule_destroy) -> Self {
        Self { ctx, destroy }
    }

    pub(crate) fn get(&self) -> *mut c_void {
        self.ctx
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the caller's function with the caller's pointer, for the last time.
            unsafe { destroy(self.ctx) }
        }
    }
}

/// Functions of the caller, all of which are there.
macro_rules! calls {
    ($callbacks:ident; $($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)+) => {
        /// The functions, all of which are there.
        #[derive(Clone, Copy)]
        struct Calls {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)+
        }

        impl Calls {
            fn of(callbacks: $callbacks) -> Option<Self> {
                let $callbacks { size: _, $($name),+ } = callbacks;
                Some(Self { $($name: $name?),+ })
            }
        }
    };
}
pub(crate) use calls;

/// Is called once with the `ctx` of functions that the library keeps, when it needs them no more, from whatever thread. May be
/// NULL.
pub type ampoule_destroy = Option<unsafe extern "C" fn(ctx: *mut c_void)>;

/// Is told how many bytes are done, between pieces of a file, or how many versions where versions are checked. Returns whether to
/// go on: false ends it, which is `AMPOULE_STATUS_CANCELLED`. May be NULL.
pub type ampoule_progress = Option<unsafe extern "C" fn(ctx: *mut c_void, done: u64) -> bool>;

/// The function as the library takes it.
pub(crate) fn progress_of(progress: ampoule_progress, ctx: *mut c_void) -> impl FnMut(u64) -> ControlFlow<()> {
    move |done| match progress {
        // SAFETY: the caller's function with the caller's pointer, during the caller's call and on its thread.
        Some(progress) if !unsafe { progress(ctx, done) } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }
}

/// An event of the audit. What it points to is there during the call only.
#[repr(C)]
pub struct ampoule_event {
    /// What.
    pub kind: ampoule_event_kind,
    /// When, in milliseconds since 1970, by the clock of the vault.
    pub time_ms: i64,
    /// In which chart, or NULL.
    pub chart: *const ampoule_chart_id,
    /// On which entry, or NULL.
    pub entry: *const ampoule_entry_id,
    /// It was refused or failed.
    pub refused: bool,
    /// All of it as a line of JSON, as `ampoule_vault_audit` has it: ended by a zero byte.
    pub line: *const c_char,
    /// Its length without the zero byte.
    pub line_len: usize,
}

/// Is told an event once it is in the log, in the log's order. It must not use the vault.
pub type ampoule_tell = Option<unsafe extern "C" fn(ctx: *mut c_void, event: *const ampoule_event)>;

struct Sink {
    context: Context,
    tell: unsafe extern "C" fn(ctx: *mut c_void, event: *const ampoule_event),
}

impl EventSink for Sink {
    fn tell(&self, event: &AuditEvent) {
        let mut line = event.to_json().into_bytes();
        let line_len = line.len();
        line.push(0);
        let (chart, entry) = (event.chart.map(ampoule_chart_id::from), event.entry.map(ampoule_entry_id::from));
        let told = ampoule_event {
            kind: ampoule_event_kind::of(event.kind),
            time_ms: event.time_ms,
            chart: chart.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
            entry: entry.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
            refused: event.refused,
            line: line.as_ptr().cast(),
            line_len,
        };
        // SAFETY: the caller's function with the caller's pointer, and an event that is there until it returns.
        unsafe { (self.tell)(self.context.get(), &raw const told) }
    }
}

/// Tells every event of vaults that are made or opened with these options to `tell`: for the caller's own audit. With
/// `AMPOULE_AUDIT_STRICT` it has heard of a read before the plaintext is released. When the call succeeds the library keeps
/// `ctx` until `destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_event_sink(
    options: *const ampoule_options,
    tell: ampoule_tell,
    ctx: *mut c_void,
    destroy: ampoule_destroy,
) -> ampoule_status {
    boundary::call(|| {
        let tell = tell.ok_or(ampoule_status::NullArgument)?;
        let options = handles::get(options)?;
        let sink = Sink { context: Context::new(ctx, destroy), tell };
        options.change(|options| options.event_sink(sink));
        Ok(())
    })
}

/// Tells the time: milliseconds since 1970.
pub type ampoule_now = Option<unsafe extern "C" fn(ctx: *mut c_void) -> i64>;

struct CallersClock {
    context: Context,
    now: unsafe extern "C" fn(ctx: *mut c_void) -> i64,
}

impl Clock for CallersClock {
    fn now_ms(&self) -> i64 {
        // SAFETY: the caller's function with the caller's pointer.
        unsafe { (self.now)(self.context.get()) }
    }
}

/// Takes the time from here instead of the operating system. When the call succeeds the library keeps `ctx` until `destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_options_set_clock(
    options: *const ampoule_options,
    now: ampoule_now,
    ctx: *mut c_void,
    destroy: ampoule_destroy,
) -> ampoule_status {
    boundary::call(|| {
        let now = now.ok_or(ampoule_status::NullArgument)?;
        let options = handles::get(options)?;
        let clock = CallersClock { context: Context::new(ctx, destroy), now };
        options.change(|options| options.clock(clock));
        Ok(())
    })
}
