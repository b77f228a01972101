//! What the server costs when nothing happens: the time from start to first answer on an existing database, the memory
//! it keeps when idle, and the size of the program.

use std::fs;

use anyhow::{Context, Result};
use serde_json::json;

use super::{PASSWORD, PERSON, Plan, Report, percentile, registrations, server};
use crate::drive::device::{Answer, Device};
use crate::drive::person::{Choice, Person};

/// Milliseconds to the first answer, MB of resident memory, MB of the program.
const LIMITS: (f64, f64, f64) = (100.0, 30.0, 25.0);

pub(super) fn run(plan: &Plan) -> Result<Report> {
    let mut daemon = server(plan, "footprint")?;
    // One whole flow, so that nothing is left that would be made at its first use.
    let [public, _] = registrations();
    let mut device = Device::new(daemon.address, public);
    let mut person = Person::new(daemon.address, PERSON, PASSWORD);
    let grant = device.start()?;
    let page = person.open(&grant.user_code)?;
    person.decide(&page, Choice::Approve)?;
    let (answer, _) = device.poll(&grant.device_code, None)?;
    let mut violations = Vec::new();
    if !matches!(answer, Answer::Token(_)) {
        violations.push(format!("the flow ended with {answer:?}"));
    }

    let memory = megabytes(resident(daemon.process()?)?);
    let mut starts = Vec::new();
    for _ in 0..plan.count {
        daemon.kill()?;
        starts.push(daemon.start()?.as_secs_f64() * 1000.0);
    }
    starts.sort_by(f64::total_cmp);
    let (median, slowest) = (percentile(&starts, 0.5), percentile(&starts, 1.0));
    let fresh = megabytes(resident(daemon.process()?)?);
    let size = megabytes(fs::metadata(&plan.program)?.len());
    if plan.timed && (median > LIMITS.0 || memory > LIMITS.1 || size > LIMITS.2) {
        violations.push(format!("allowed are {} ms, {} MB of memory, {} MB of program", LIMITS.0, LIMITS.1, LIMITS.2));
    }
    let figures = json!({
        "start_p50_ms": median.round(), "start_max_ms": slowest.round(), "idle_mb": memory, "fresh_mb": fresh, "program_mb": size,
    });
    Ok(Report { figures, violations })
}

/// Resident memory of a process, in bytes.
fn resident(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).context("no /proc on this system")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

fn megabytes(bytes: u64) -> f64 {
    let tenths = bytes / 100_000;
    f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0
}
