//! What became of a system's message is sent back to it.

use super::hand_on::failed;
use super::{Kept, settings};
use crate::channel::{EndReports, Report, ReportedStatus, Reports};
use crate::directory::ServiceEntry;
use crate::engine::Runtime;
use crate::record::Status;
use crate::service::{SendTo, StepOutcome};
use crate::store::{StoreError, StoredEvent};

/// A step that sends the report of an event, if the system wants to learn of it.
pub(crate) async fn report(
    runtime: &Runtime,
    service: &ServiceEntry,
    event: &StoredEvent,
) -> Result<StepOutcome, StoreError> {
    let (Some(kept), Some(status)) = (Kept::of(&event.helper_metadata), status_of(runtime, event).await?) else {
        return Ok(StepOutcome::default());
    };
    if !is_wanted(kept.reports, status) {
        return Ok(StepOutcome::default());
    }
    let settings = match settings(&service.config) {
        Ok(settings) => settings,
        Err(error) => return Ok(failed(format!("its config cannot be read: {error}"))),
    };
    let report = Report {
        message: event.message.clone(),
        status,
        reason: event.detail.clone(),
        at: event.at,
        noted: kept.noted,
    };
    Ok(StepOutcome {
        sends: vec![SendTo {
            content: Some(format!("{}: {}", event.message, status.as_str())),
            to: kept.from,
            from: Some(event.person.value().to_owned()),
            endpoint: settings.channel,
            send_at: None,
            helper_metadata: report.as_metadata(),
        }],
        ..StepOutcome::default()
    })
}

/// What an event says of its message. That the carrier took it is no report: the system was told so when it handed it over.
async fn status_of(runtime: &Runtime, event: &StoredEvent) -> Result<Option<ReportedStatus>, StoreError> {
    Ok(match event.kind.as_str() {
        "delivered" => Some(ReportedStatus::Delivered),
        "failed" => Some(ReportedStatus::Undelivered),
        "pending" => Some(ReportedStatus::Pending),
        "nack" => Some(why_not_sent(runtime, event).await?),
        _ => None,
    })
}

/// A nack says only in words why its message did not go; the message itself knows.
async fn why_not_sent(runtime: &Runtime, event: &StoredEvent) -> Result<ReportedStatus, StoreError> {
    let message = runtime.persist(|| runtime.store.message(event.account, &event.message));
    Ok(match message.await?.map(|message| message.status) {
        Some(Status::Expired) => ReportedStatus::Expired,
        Some(Status::Unknown) => ReportedStatus::Unknown,
        _ => ReportedStatus::Rejected,
    })
}

fn is_wanted(reports: Reports, status: ReportedStatus) -> bool {
    match (status, reports.end) {
        (ReportedStatus::Pending, _) => reports.before,
        (_, EndReports::None) => false,
        (ReportedStatus::Delivered, EndReports::Failures) => false,
        (_, EndReports::All | EndReports::Failures) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_learns_what_it_asked_for() {
        use ReportedStatus::*;
        let check = |end, before, expected: [bool; 6]| {
            let reports = Reports { end, before };
            let found =
                [Delivered, Undelivered, Rejected, Expired, Unknown, Pending].map(|status| is_wanted(reports, status));
            assert_eq!(found, expected, "{reports:?}");
        };
        check(EndReports::None, false, [false; 6]);
        check(EndReports::All, false, [true, true, true, true, true, false]);
        check(EndReports::Failures, false, [false, true, true, true, true, false]);
        check(EndReports::All, true, [true; 6]);
        check(EndReports::None, true, [false, false, false, false, false, true]);
    }
}
