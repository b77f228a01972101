//! Signing keys rotate under load while verifiers keep the published ones for an hour: no token is refused.
//!
//! Hours cannot pass here, so this is a test of the server with a clock that is moved, run for longer; `count` is how
//! often the keys rotate.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Plan, Report};
use crate::process;

const TEST: &str =
    "http::rotation::oi_15_md_4_2_keys_rotate_under_load_and_no_verifier_that_keeps_them_for_an_hour_refuses_a_token";

pub(super) fn run(plan: &Plan) -> Result<Report> {
    let mut command = process::cargo();
    command.args(["test", "--quiet", "--locked", "--package", "countersign-server", "--test", "it", "--"]);
    command.args(["--exact", "--nocapture", TEST]);
    command.env("COUNTERSIGN_ROTATIONS", plan.count.to_string()).env("COUNTERSIGN_SEED", plan.seed.to_string());
    match process::output(&mut command) {
        Ok(printed) => {
            let figures =
                printed.lines().find_map(|line| line.split_once("figures ")).context("the test did not run")?.1;
            Ok(Report { figures: serde_json::from_str::<Value>(figures)?, violations: Vec::new() })
        }
        Err(error) => Ok(Report { figures: json!({}), violations: vec![format!("{error:#}")] }),
    }
}
