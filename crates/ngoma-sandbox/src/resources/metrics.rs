//! `metrics.fire`: measurements of a service.

use super::{Answer, Resource, StepContext, python};
use async_trait::async_trait;
use ngoma_engine::service::Metric;
use ngoma_message::Object;
use serde_json::Value;

const AGGREGATES: [&str; 5] = ["sum", "avg", "min", "max", "last"];
const NAME_LIMIT: usize = 101;

/// The resource `metrics`.
pub struct Metrics;

#[async_trait]
impl Resource for Metrics {
    fn name(&self) -> &'static str {
        "metrics"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        match command {
            "fire" => match read(params) {
                Ok(metric) => {
                    step.outcome.metrics.push(metric);
                    Answer::done()
                }
                Err(reason) => Answer::Refused(reason),
            },
            _ => Answer::Unknown,
        }
    }
}

fn read(params: &Object) -> Result<Metric, String> {
    let store = match params.get("store") {
        None | Some(Value::Null) => "default",
        Some(store) => name(store, "store")?,
    };
    let metric = name(params.get("metric").ok_or("Missing metric name.")?, "metric")?;
    let value = params.get("value").ok_or("Missing metric value.")?;
    let value = value.as_f64().ok_or("Invalid metric value: it must be a number.")?;
    let agg = params.get("agg").ok_or("Missing metric aggregator.")?;
    let agg = agg.as_str().filter(|agg| AGGREGATES.contains(agg));
    let agg = agg.ok_or_else(|| format!("Unknown metric aggregator: use one of {}.", AGGREGATES.join(", ")))?;
    Ok(Metric {
        store: store.to_owned(),
        metric: metric.to_owned(),
        value,
        agg: agg.to_owned(),
    })
}

/// `^[a-zA-Z][a-zA-Z0-9._-]{,100}$`
fn name<'a>(name: &'a Value, what: &str) -> Result<&'a str, String> {
    let name = name
        .as_str()
        .ok_or_else(|| format!("Invalid {what} name: it must be a string."))?;
    let has_letter_first = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if has_letter_first && name.len() <= NAME_LIMIT && name.bytes().all(is_allowed) {
        return Ok(name);
    }
    Err(format!("Invalid {what} name: {}.", python::repr(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(params: Value, expected: Result<(&str, &str, f64), &str>) {
        let metric = read(params.as_object().unwrap());
        let metric = metric
            .as_ref()
            .map(|metric| (metric.store.as_str(), metric.metric.as_str(), metric.value));
        assert_eq!(metric, expected.map_err(str::to_owned).as_ref().copied());
    }

    #[test]
    fn a_metric_has_a_name_a_number_and_an_aggregator() {
        check(
            json!({"metric": "a.b-c_1", "value": 2, "agg": "sum"}),
            Ok(("default", "a.b-c_1", 2.0)),
        );
        check(
            json!({"store": "s", "metric": "a", "value": 0.5, "agg": "last"}),
            Ok(("s", "a", 0.5)),
        );
        check(json!({"value": 1, "agg": "sum"}), Err("Missing metric name."));
        check(
            json!({"metric": "1a", "value": 1, "agg": "sum"}),
            Err("Invalid metric name: u'1a'."),
        );
        let long = "a".repeat(102);
        check(
            json!({"metric": long, "value": 1, "agg": "sum"}),
            Err(&format!("Invalid metric name: u'{long}'.")),
        );
        check(
            json!({"metric": "a", "value": "1", "agg": "sum"}),
            Err("Invalid metric value: it must be a number."),
        );
        let unknown = "Unknown metric aggregator: use one of sum, avg, min, max, last.";
        check(json!({"metric": "a", "value": 1, "agg": "median"}), Err(unknown));
    }
}
