//! What a person is shown of a resource: a title, a value, a date.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Most characters of a title or a value.
const MOST: usize = 200;

/// Elements of FHIR resources that say what they are about. One that has another shape than usual makes no title.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Elements<'a> {
    code: Option<Value>,
    vaccine_code: Option<Value>,
    medication_codeable_concept: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
    title: Option<Value>,
    description: Option<Value>,
    name: Option<Value>,
    #[serde(borrow)]
    value_quantity: Option<Quantity<'a>>,
    value_codeable_concept: Option<Value>,
    value_string: Option<Value>,
    topic: Option<Value>,
    #[serde(default)]
    payload: Vec<Payload>,
}

/// The number as it is written: 7.20 is not 7.2.
#[derive(Deserialize)]
struct Quantity<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    content_string: Option<String>,
}

/// Title and value of a resource, as far as it has them.
pub(super) fn of(content: &[u8]) -> (Option<String>, Option<String>) {
    let Ok(found) = serde_json::from_slice::<Elements<'_>>(content) else { return (None, None) };
    let named = [
        &found.code,
        &found.vaccine_code,
        &found.medication_codeable_concept,
        &found.kind,
        &found.title,
        &found.description,
        &found.topic,
        &found.name,
    ];
    let title = named.into_iter().flatten().find_map(text_of);
    let quantity = found.value_quantity.and_then(|quantity| {
        Some(format!("{} {}", quantity.value?.get(), quantity.unit.unwrap_or_default()).trim().to_owned())
    });
    let coded = [&found.value_codeable_concept, &found.value_string].into_iter().flatten().find_map(text_of);
    let said = found.payload.into_iter().find_map(|payload| payload.content_string);
    let short = |text: String| shortened(&text, MOST);
    (title.map(short), quantity.or(coded).or(said).map(short))
}

/// The text of a string, of a `CodeableConcept`, of a `HumanName`, or of the first of several.
fn text_of(element: &Value) -> Option<String> {
    let element = element.get(0).unwrap_or(element);
    let coding = || element.get("coding")?.get(0);
    let coded = |key: &str| coding()?.get(key)?.as_str();
    let text = element.as_str().or_else(|| element.get("text")?.as_str());
    let text = text.or_else(|| coded("display")).or_else(|| coded("code"));
    let given = || element.get("given")?.get(0)?.as_str();
    text.map(str::to_owned).or_else(|| {
        let family = element.get("family").and_then(Value::as_str);
        let whole: Vec<&str> = given().into_iter().chain(family).collect();
        (!whole.is_empty()).then(|| whole.join(" "))
    })
}

/// The beginning of a text that has more characters than this.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text.get(..end).unwrap_or_default().chars().chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// Day, month or year on which a span of time begins, by how long it is.
pub(super) fn day(date: ampoule::DateRange) -> Option<String> {
    let begins = jiff::Timestamp::from_second(date.start()).ok()?.to_string();
    let days = date.end().saturating_sub(date.start()).checked_div(24 * 60 * 60)?;
    let most = if days >= 365 {
        4
    } else if days >= 28 {
        7
    } else {
        10
    };
    begins.get(..most).filter(|_| !begins.starts_with('-')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ampoule::DateRange;

    #[test]
    fn titles_and_values_stand_as_they_are_written() {
        let shown = |json: &str| of(json.as_bytes());
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            shown(
                r#"{"code":{"coding":[{"code":"4548-4","display":"HbA1c"}]},"valueQuantity":{"value":7.20,"unit":"%"}}"#
            ),
            (text("HbA1c"), text("7.20 %"))
        );
        assert_eq!(shown(r#"{"name":[{"given":["Ana"],"family":"Example"}]}"#), (text("Ana Example"), None));
        assert_eq!(shown(r#"{"type":[{"text":"Visit"}],"title":"x"}"#), (text("Visit"), None));
        assert_eq!(shown(r#"{"payload":[{"contentString":"Hello"}]}"#), (None, text("Hello")));
        for odd in ["{}", "[]", "", r#"{"code":7}"#, r#"{"code":{"coding":{}}}"#, r#"{"payload":7}"#] {
            assert_eq!(shown(odd), (None, None), "{odd}");
        }
        assert_eq!(shown(&format!(r#"{{"title":"{}"}}"#, "é".repeat(500))).0.unwrap().chars().count(), MOST + 1);
    }

    #[test]
    fn a_date_is_no_more_exact_than_it_was() {
        let shown = |start, end| day(DateRange::new(start, end).unwrap());
        assert_eq!(shown(1_422_748_800, 1_425_168_000).unwrap(), "2015-02");
        assert_eq!(shown(1_420_070_400, 1_451_606_400).unwrap(), "2015");
        assert_eq!(shown(1_423_000_000, 1_423_000_001).unwrap(), "2015-02-03");
    }
}
