//! The signed tokens of contract 2.4: HS256, one secret for both kinds, nothing revoked.

use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{clock::now_ms, config::TokenLifetimes, error::Error, tenants::Tenant};

const ISSUER: &str = "crm-condorito";
const AUDIENCE: &str = "crm-client";

/// Which of the two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Access,
    Refresh,
}

/// The claims both kinds carry; the access token has the company's name and state besides.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claims {
    pub(crate) id: i64,
    pub(crate) client_code: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    status: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) aud: String,
    pub(crate) iss: String,
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadToken {
    Expired,
    Invalid,
}

/// Signs and reads tokens.
pub(crate) struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
    lifetimes: TokenLifetimes,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8], lifetimes: TokenLifetimes) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        Self {
            signing: EncodingKey::from_secret(secret),
            reading: DecodingKey::from_secret(secret),
            validation,
            lifetimes,
        }
    }

    /// A new pair, as `tokens` in the replies of login and refresh.
    pub(crate) fn pair(&self, tenant: &Tenant) -> Result<Value, Error> {
        Ok(json!({
            "accessToken": self.sign(tenant, Kind::Access)?,
            "refreshToken": self.sign(tenant, Kind::Refresh)?,
            "expiresIn": written(self.lifetimes.access),
        }))
    }

    fn sign(&self, tenant: &Tenant, kind: Kind) -> Result<String, Error> {
        let life = match kind {
            Kind::Access => self.lifetimes.access,
            Kind::Refresh => self.lifetimes.refresh,
        };
        let iat = now_ms().div_euclid(1000);
        let access = kind == Kind::Access;
        let claims = Claims {
            id: tenant.id,
            client_code: tenant.client_code.clone(),
            company_name: access.then(|| tenant.company_name.clone()),
            status: access.then(|| tenant.status.clone()),
            kind,
            iat,
            exp: iat.saturating_add(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)),
            aud: AUDIENCE.to_owned(),
            iss: ISSUER.to_owned(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|error| Error::Secrets(error.to_string()))
    }

    /// The claims of a good token. Its kind is not looked at (contract 2.4).
    pub(crate) fn read(&self, token: &str) -> Result<Claims, BadToken> {
        let claims = decode::<Claims>(token, &self.reading, &self.validation)
            .map(|token| token.claims)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => BadToken::Expired,
                _ => BadToken::Invalid,
            })?;
        // The crate still takes a token in the very second it ends; the existing backend does not.
        if claims.exp <= now_ms().div_euclid(1000) { Err(BadToken::Expired) } else { Ok(claims) }
    }
}

/// The configured life as text: `24h`, `90m`, `2s`.
fn written(life: Duration) -> String {
    match life.as_secs() {
        0 => "0s".to_owned(),
        seconds if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}
