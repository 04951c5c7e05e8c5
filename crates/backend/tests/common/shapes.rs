//! Checks values against `fixtures/shapes.json`: the members the recordings have, no more, no less.

use serde_json::{Map, Value};

fn shapes() -> Map<String, Value> {
    serde_json::from_str(include_str!("../fixtures/shapes.json")).unwrap()
}

/// Panics with the first difference.
pub fn assert_shape(value: &Value, shape: &str) {
    if let Err(difference) = check(value, shape, &shapes()) {
        panic!("not a {shape}: {difference} in {value}");
    }
}

fn check(value: &Value, shape: &str, shapes: &Map<String, Value>) -> Result<(), String> {
    if let Some(Value::Object(members)) = shapes.get(shape) {
        let object = value.as_object().ok_or("no object")?;
        for (name, kind) in members {
            let member = object.get(name).ok_or(format!("{name} is missing"))?;
            check(member, kind.as_str().unwrap(), shapes)
                .map_err(|difference| format!("{name}: {difference}"))?;
        }
        return match object.keys().find(|name| !members.contains_key(*name)) {
            Some(unknown) => Err(format!("{unknown} is not in the recordings")),
            None => Ok(()),
        };
    }
    let (kind, may_be_null) = match shape.strip_suffix('?') {
        Some(kind) => (kind, true),
        None => (shape, false),
    };
    if value.is_null() && may_be_null {
        return Ok(());
    }
    let text = value.as_str();
    let fits = match kind {
        "number" => value.is_i64(),
        "text" => text.is_some_and(|text| !text.is_empty()),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "list" => value.is_array(),
        "time" => text.is_some_and(|text| text.len() == 24 && text.ends_with('Z')),
        "second" => text.is_some_and(|text| text.len() == 24 && text.ends_with(".000Z")),
        "digits" => text.is_some_and(|text| text.bytes().all(|digit| digit.is_ascii_digit())),
        "sum" => {
            value.as_i64() == Some(0)
                || text.is_some_and(|text| text.bytes().all(|digit| digit.is_ascii_digit()))
        }
        "1|false" => value.as_i64() == Some(1) || value.as_bool() == Some(false),
        "0|1" => matches!(value.as_i64(), Some(0 | 1)),
        "0|1|false" => matches!(value.as_i64(), Some(0 | 1)) || value.as_bool() == Some(false),
        unknown => return Err(format!("the fixture speaks of {unknown}")),
    };
    if fits { Ok(()) } else { Err(format!("{value} is not {kind}")) }
}
