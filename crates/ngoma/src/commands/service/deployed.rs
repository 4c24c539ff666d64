//! `ngoma service deploy`, `versions`, `rollback`, `logs`, `steps`: services as they run.

use super::check;
use crate::commands::ask_or_do;
use crate::control::{self, Answer, Request, ServiceRequest};
use crate::settings::{DataArgs, SettingsArgs};
use anyhow::{Result, bail, ensure};
use ngoma_sandbox::bundle;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How often `logs --follow` asks for more.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// How many lines `logs` shows unless it is told otherwise.
const LOG_LINES: usize = 50;

/// A service of an account.
#[derive(Clone, Debug, clap::Args)]
pub struct ServiceNameArgs {
    /// The account's name
    account: String,
    /// The service's name
    service: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Arguments of `ngoma service deploy`.
#[derive(Debug, clap::Args)]
pub struct DeployArgs {
    #[command(flatten)]
    service: ServiceNameArgs,
    /// Its code: a script, or a folder with package.json
    code: PathBuf,
    /// What is to be known of this version
    #[arg(long, short = 'm', value_name = "TEXT")]
    note: Option<String>,
    /// Deploy it with the errors that `ngoma service check` finds
    #[arg(long)]
    anyway: bool,
}

/// Arguments of `ngoma service rollback`.
#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    #[command(flatten)]
    service: ServiceNameArgs,
    /// The version whose code is wanted [default: the latest with other code than the present one]
    #[arg(long, value_name = "VERSION")]
    to: Option<i64>,
}

/// Arguments of `ngoma service logs`.
#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    #[command(flatten)]
    service: ServiceNameArgs,
    /// How many lines
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = LOG_LINES)]
    lines: usize,
    /// Go on showing lines as they come
    #[arg(long, short)]
    follow: bool,
}

/// Arguments of `ngoma service hand-back`.
#[derive(Debug, clap::Args)]
pub struct HandBackArgs {
    #[command(flatten)]
    service: ServiceNameArgs,
    /// The person: a number as +27831234567, or an address of another network as telegram:123
    address: String,
}

/// Arguments of `ngoma service steps`.
#[derive(Debug, clap::Args)]
pub struct StepsArgs {
    /// The account's name
    account: String,
    /// The message's id
    message: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Deploys code.
pub fn deploy(args: &DeployArgs, data: &DataArgs) -> Result<ExitCode> {
    let code = bundle::read(&args.code)?;
    let errors = if args.anyway { 0 } else { check::say_errors(&args.code)? };
    ensure!(
        errors == 0,
        "not deployed: `ngoma service check` finds {errors} mistakes; --anyway deploys it all the same"
    );
    let request = ServiceRequest::Deploy {
        bundle: Box::new(code.into()),
        note: args.note.clone(),
    };
    say(&args.service, data, request)
}

/// Lists versions.
pub fn versions(args: &ServiceNameArgs, data: &DataArgs) -> Result<ExitCode> {
    say(args, data, ServiceRequest::Versions)
}

/// Brings the code of an earlier version back.
pub fn roll_back(args: &RollbackArgs, data: &DataArgs) -> Result<ExitCode> {
    say(&args.service, data, ServiceRequest::RollBack { to: args.to })
}

/// Gives a person's messages back that a service was handed.
pub fn hand_back(args: &HandBackArgs, data: &DataArgs) -> Result<ExitCode> {
    let address = args.address.clone();
    say(&args.service, data, ServiceRequest::HandBack { address })
}

/// Shows the log, and goes on showing it if that is asked for.
pub fn logs(args: &LogsArgs, data: &DataArgs) -> Result<ExitCode> {
    let shown = ask(
        &args.service,
        data,
        ServiceRequest::Logs {
            lines: args.lines,
            is_following: args.follow,
        },
    )?;
    print_lines(&shown);
    if args.follow {
        follow(args, data, shown)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows what is new in the log, until it is interrupted.
fn follow(args: &LogsArgs, data: &DataArgs, mut shown: String) -> Result<()> {
    loop {
        std::thread::sleep(FOLLOW_EVERY);
        let request = ServiceRequest::Logs {
            lines: MOST_AT_ONCE,
            is_following: true,
        };
        let now = ask(&args.service, data, request)?;
        print_lines(new_lines(&shown, &now));
        shown = now;
    }
}

/// How many lines are looked at while following; the log holds no more.
const MOST_AT_ONCE: usize = 1000;

/// Shows recorded steps.
pub fn steps(args: &StepsArgs, data: &DataArgs) -> Result<ExitCode> {
    let request = Request::Steps {
        account: args.account.clone(),
        message: args.message.clone(),
    };
    println!("{}", ask_there(&args.settings, data, request)?);
    Ok(ExitCode::SUCCESS)
}

fn say(service: &ServiceNameArgs, data: &DataArgs, asked: ServiceRequest) -> Result<ExitCode> {
    println!("{}", ask(service, data, asked)?);
    Ok(ExitCode::SUCCESS)
}

fn ask(service: &ServiceNameArgs, data: &DataArgs, asked: ServiceRequest) -> Result<String> {
    let request = Request::Service {
        account: service.account.clone(),
        service: service.service.clone(),
        asked,
    };
    ask_there(&service.settings, data, request)
}

/// Asks about what there is: a data folder that does not exist is a mistaken one.
fn ask_there(settings: &SettingsArgs, data: &DataArgs, request: Request) -> Result<String> {
    let settings = settings.resolve(data)?;
    let folder = settings.data.display();
    ensure!(
        settings.data.is_dir(),
        "there is no data folder {folder}: say where it is with --data"
    );
    text(ask_or_do(&settings, request)?)
}

fn text(answer: Answer) -> Result<String> {
    match answer {
        Answer::Text(text) => Ok(text),
        Answer::Refused(reason) => bail!("{reason}"),
        _ => bail!(control::OTHER_VERSION),
    }
}

fn print_lines(lines: &str) {
    if !lines.is_empty() {
        println!("{lines}");
    }
}

/// What a longer look at a log shows beyond an earlier one: what comes after the earlier one's last lines.
fn new_lines<'a>(before: &str, now: &'a str) -> &'a str {
    if before.is_empty() {
        return now;
    }
    match now.rfind(before) {
        Some(at) => now[at + before.len()..].trim_start_matches('\n'),
        // The oldest lines were forgotten meanwhile: go on after the last line that is known.
        None => {
            let last = before.lines().last().unwrap_or_default();
            now.rfind(last)
                .map_or(now, |at| now[at + last.len()..].trim_start_matches('\n'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_followed_shows_each_line_once() {
        for (before, now, expected) in [
            ("", "a\nb", "a\nb"),
            ("a\nb", "a\nb", ""),
            ("a\nb", "a\nb\nc", "c"),
            ("b\nc", "a\nb\nc\nd\ne", "d\ne"),
            ("a\nb\nc", "b\nc\nd", "d"),
            ("a\nb", "x\ny", "x\ny"),
        ] {
            assert_eq!(new_lines(before, now), expected, "{before:?} {now:?}");
        }
    }
}
