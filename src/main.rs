//! Arguments in, exit code out; the only place that prints an error.

use std::error::Error;
use std::io;
use std::io::Write;
use std::panic;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
#[cfg(target_os = "linux")]
use rustix::process::DumpableBehavior;
use sidetone::cli::Cli;
use sidetone::runtime::exit::Exit;
use sidetone::runtime::terminal;

fn main() -> ExitCode {
    hide_memory();
    // Wrong usage ends in here, with code 2.
    let cli = Cli::parse();
    terminal::watch_panics();
    // The report of a panic is out, and the terminal given back, when it arrives here.
    let exit = panic::catch_unwind(|| run(cli)).unwrap_or(Exit::Internal);
    ExitCode::from(exit.code())
}

/// What is in it are tokens and what people wrote: it goes into no core file, and no other program of the
/// person reads it.
fn hide_memory() {
    #[cfg(target_os = "linux")]
    // A system that cannot do it has no other way either.
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

fn run(cli: Cli) -> Exit {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return report(&error, Exit::Internal),
    };
    let result = runtime.block_on(cli.command.run());
    // Whatever still waits for a disk or a name server must not keep us.
    runtime.shutdown_timeout(Duration::from_millis(200));
    match result {
        Ok(exit) => exit,
        Err(error) => {
            let exit = error.exit();
            report(&error, exit)
        }
    }
}

/// The error and what caused it, on one line.
fn report(error: &dyn Error, exit: Exit) -> Exit {
    let mut text = format!("sidetone: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    // Without a standard error there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
    exit
}
