//! What the pool answers, operation by operation.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{No, Pool, User};

const WRONG: No = ("NotAuthorizedException", "Incorrect username or password.");
const MISMATCH: No = ("CodeMismatchException", "Invalid verification code provided.");
const EXISTS: No = ("UsernameExistsException", "User account already exists.");
const UNKNOWN: No = ("UserNotFoundException", "User does not exist.");
const WEAK: No = ("InvalidPasswordException", "Password did not conform with policy.");
const SHORTEST: usize = 12;

impl Pool {
    pub(super) fn answer(&mut self, operation: &str, body: &Value) -> Result<Value, No> {
        match operation {
            "SignUp" => self.sign_up(body),
            "ConfirmSignUp" => self.confirm(body),
            "ResendConfirmationCode" => self.resend(body),
            "InitiateAuth" => self.initiate(body),
            "RespondToAuthChallenge" => self.respond(body),
            "RevokeToken" => {
                self.refresh_tokens.remove(text(body, "Token"));
                Ok(json!({}))
            }
            "ForgotPassword" => self.forgot(body),
            "ConfirmForgotPassword" => self.reset(body),
            "AdminCreateUser" => self.create(body),
            "AdminGetUser" => {
                let user = self.named(body)?;
                Ok(json!({"Username": user.subject, "UserStatus": user.status,
                    "UserAttributes": attributes(user)}))
            }
            "AdminDeleteUser" => {
                let email = self.named(body)?.attributes["email"].clone();
                self.users.remove(&email);
                self.refresh_tokens.retain(|_, owner| *owner != email);
                Ok(json!({}))
            }
            "AdminUserGlobalSignOut" => {
                let email = self.named(body)?.attributes["email"].clone();
                self.refresh_tokens.retain(|_, owner| *owner != email);
                Ok(json!({}))
            }
            "AdminDisableUser" | "AdminEnableUser" => {
                self.named(body)?.enabled = operation == "AdminEnableUser";
                Ok(json!({}))
            }
            _ => Err(("InvalidAction", "not part of this pool")),
        }
    }

    fn next(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    fn code(&mut self) -> String {
        format!("{:06}", 100_000 + self.next())
    }

    fn mail(&mut self, to: &str, code: &str) {
        self.mails.push((to.to_owned(), code.to_owned()));
    }

    /// Finds a user by address or subject.
    fn named(&mut self, body: &Value) -> Result<&mut User, No> {
        let name = text(body, "Username");
        let is_named =
            |(email, user): &(&String, &mut User)| *email == name || user.subject == name;
        self.users.iter_mut().find(is_named).map(|(_, user)| user).ok_or(UNKNOWN)
    }

    pub(super) fn add(&mut self, body: &Value, password: String, status: &'static str) -> String {
        let number = self.next();
        let subject = format!("019a0b3c-4d5e-7f60-8a1b-{number:012x}");
        let mut attributes: BTreeMap<_, _> = given(body);
        attributes.insert("sub".to_owned(), subject.clone());
        let email = text(body, "Username").to_owned();
        let user = User {
            subject,
            attributes,
            password,
            status,
            enabled: true,
            confirmation: None,
            reset: None,
            app_code: None,
        };
        self.users.insert(email.clone(), user);
        email
    }

    fn sign_up(&mut self, body: &Value) -> Result<Value, No> {
        if self.users.contains_key(text(body, "Username")) {
            return Err(EXISTS);
        }
        let password = strong(text(body, "Password"))?;
        let email = self.add(body, password, "UNCONFIRMED");
        self.resend(&json!({ "Username": email }))?;
        Ok(json!({"UserConfirmed": false, "UserSub": self.users[&email].subject}))
    }

    fn resend(&mut self, body: &Value) -> Result<Value, No> {
        let (email, code) = (text(body, "Username"), self.code());
        if let Some(user) = self.users.get_mut(email) {
            if user.status != "UNCONFIRMED" {
                return Err(("InvalidParameterException", "User is already confirmed."));
            }
            user.confirmation = Some(code.clone());
            self.mail(email, &code);
        }
        Ok(json!({"CodeDeliveryDetails": {"Destination": "a***"}}))
    }

    fn confirm(&mut self, body: &Value) -> Result<Value, No> {
        let user = self.users.get_mut(text(body, "Username")).ok_or(MISMATCH)?;
        if user.status != "UNCONFIRMED" {
            let message = "User cannot be confirmed. Current status is CONFIRMED";
            return Err(("NotAuthorizedException", message));
        }
        if user.confirmation.as_deref() != Some(text(body, "ConfirmationCode")) {
            return Err(MISMATCH);
        }
        (user.status, user.confirmation) = ("CONFIRMED", None);
        user.attributes.insert("email_verified".to_owned(), "true".to_owned());
        Ok(json!({}))
    }

    fn initiate(&mut self, body: &Value) -> Result<Value, No> {
        let given = &body["AuthParameters"];
        if body["AuthFlow"] == "REFRESH_TOKEN_AUTH" {
            let revoked = ("NotAuthorizedException", "Refresh Token has been revoked");
            let email = self.refresh_tokens.get(text(given, "REFRESH_TOKEN")).ok_or(revoked)?;
            let email = email.clone();
            let mut answer = self.tokens(&email);
            answer["AuthenticationResult"].as_object_mut().unwrap().remove("RefreshToken");
            return Ok(answer);
        }
        let email = text(given, "USERNAME").to_owned();
        let user = self.users.get(&email).ok_or(WRONG)?;
        if !user.enabled || user.password != text(given, "PASSWORD") {
            return Err(WRONG);
        }
        let challenge = match (user.status, &user.app_code) {
            ("UNCONFIRMED", _) => {
                return Err(("UserNotConfirmedException", "User is not confirmed."));
            }
            ("FORCE_CHANGE_PASSWORD", _) => "NEW_PASSWORD_REQUIRED",
            (_, Some(_)) => "SOFTWARE_TOKEN_MFA",
            _ => return Ok(self.tokens(&email)),
        };
        let subject = user.subject.clone();
        let session = format!("session-{}", self.next());
        self.sessions.insert(session.clone(), email);
        Ok(json!({"ChallengeName": challenge, "Session": session,
            "ChallengeParameters": {"USER_ID_FOR_SRP": subject}}))
    }

    fn respond(&mut self, body: &Value) -> Result<Value, No> {
        let given = &body["ChallengeResponses"];
        let invalid = ("NotAuthorizedException", "Invalid session for the user.");
        let email = self.sessions.get(text(body, "Session")).ok_or(invalid)?.clone();
        let user = self.users.get_mut(&email).ok_or(invalid)?;
        if user.subject != text(given, "USERNAME") {
            return Err(invalid);
        }
        if body["ChallengeName"] == "NEW_PASSWORD_REQUIRED" {
            (user.password, user.status) = (strong(text(given, "NEW_PASSWORD"))?, "CONFIRMED");
        } else if user.app_code.as_deref() != Some(text(given, "SOFTWARE_TOKEN_MFA_CODE")) {
            return Err(MISMATCH);
        }
        self.sessions.remove(text(body, "Session"));
        Ok(self.tokens(&email))
    }

    fn tokens(&mut self, email: &str) -> Value {
        let refresh_token = format!("refresh-{}", self.next());
        self.refresh_tokens.insert(refresh_token.clone(), email.to_owned());
        let mut claims = json!(self.users[email].attributes);
        claims["email_verified"] = json!(claims["email_verified"] == "true");
        let claims = claims.to_string();
        let token =
            |kind: &str| format!("e30.{}.{kind}", BASE64URL_NOPAD.encode(claims.as_bytes()));
        json!({"AuthenticationResult": {
            "AccessToken": token("access"), "IdToken": token("id"), "RefreshToken": refresh_token,
            "ExpiresIn": 3_600, "TokenType": "Bearer",
        }})
    }

    fn forgot(&mut self, body: &Value) -> Result<Value, No> {
        let (email, code) = (text(body, "Username"), self.code());
        if let Some(user) = self.users.get_mut(email) {
            if user.status == "FORCE_CHANGE_PASSWORD" {
                let message = "User password cannot be reset in the current state.";
                return Err(("NotAuthorizedException", message));
            }
            if user.status == "UNCONFIRMED" {
                return Err(("InvalidParameterException", "no registered/verified email"));
            }
            user.reset = Some(code.clone());
            self.mail(email, &code);
        }
        Ok(json!({"CodeDeliveryDetails": {"Destination": "a***"}}))
    }

    fn reset(&mut self, body: &Value) -> Result<Value, No> {
        let user = self.users.get_mut(text(body, "Username")).ok_or(MISMATCH)?;
        let Some(code) = &user.reset else {
            return Err(("ExpiredCodeException", "Invalid code provided, request again."));
        };
        if code != text(body, "ConfirmationCode") {
            return Err(MISMATCH);
        }
        user.password = strong(text(body, "Password"))?;
        user.reset = None;
        Ok(json!({}))
    }

    fn create(&mut self, body: &Value) -> Result<Value, No> {
        let (email, code) = (text(body, "Username"), text(body, "TemporaryPassword"));
        strong(code)?;
        if self.users.contains_key(email) {
            return Err(EXISTS);
        }
        self.add(body, code.to_owned(), "FORCE_CHANGE_PASSWORD");
        self.mail(email, code);
        let user = &self.users[email];
        Ok(json!({"User": {"Username": user.subject, "Attributes": attributes(user)}}))
    }
}

fn text<'b>(body: &'b Value, name: &str) -> &'b str {
    body[name].as_str().unwrap_or_default()
}

fn strong(password: &str) -> Result<String, No> {
    if password.chars().count() < SHORTEST { Err(WEAK) } else { Ok(password.to_owned()) }
}

fn given(body: &Value) -> BTreeMap<String, String> {
    let all = body["UserAttributes"].as_array().into_iter().flatten();
    all.map(|one| (text(one, "Name").to_owned(), text(one, "Value").to_owned())).collect()
}

fn attributes(user: &User) -> Value {
    let all = user.attributes.iter();
    all.map(|(name, value)| json!({"Name": name, "Value": value})).collect()
}
