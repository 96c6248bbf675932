//! The one list of personal keys: under these names a value is personal, whatever it looks like.
//!
//! Invariant: a key means the same in every spelling (`firstName`, `first_name`, `First Name`),
//! at every depth, and in a URL's query.

use serde_json::{Map, Value};

use super::{holds_something, patterns};

/// What stands under a personal key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// A value that goes sealed to the profile, under this field.
    Field(&'static str),
    /// A secret that is kept nowhere: a password, a card number.
    Secret,
}

/// Personal keys as bare letters and digits, with the profile field that each stands for.
const FIELDS: &[(&str, &[&str])] = &[
    ("email", &["email", "emailaddress", "mail", "useremail", "customeremail", "contactemail"]),
    (
        "phone",
        &[
            "phone",
            "phonenumber",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "cell",
            "cellphone",
            "telephone",
            "tel",
            "telefone",
            "celular",
            "whatsapp",
            "whatsappnumber",
            "fax",
            "msisdn",
            "homephone",
            "workphone",
        ],
    ),
    ("first_name", &["firstname", "fname", "givenname", "forename", "primeironome"]),
    (
        "last_name",
        &["lastname", "lname", "surname", "familyname", "maidenname", "secondname", "sobrenome"],
    ),
    ("middle_name", &["middlename"]),
    (
        "name",
        &["fullname", "displayname", "realname", "nomecompleto", "contactname", "customername"],
    ),
    ("username", &["username", "nickname", "screenname"]),
    (
        "address",
        &[
            "address",
            "addressline1",
            "addressline2",
            "address1",
            "address2",
            "streetaddress",
            "street",
            "street1",
            "street2",
            "homeaddress",
            "billingaddress",
            "shippingaddress",
            "endereco",
            "logradouro",
        ],
    ),
    ("postal_code", &["postalcode", "postcode", "zip", "zipcode", "cep"]),
    ("birthday", &["birthday", "birthdate", "dateofbirth", "dob", "birth", "datanascimento"]),
    ("ip", &["ip", "ipaddress", "ipaddr", "clientip", "remoteip", "requestip", "userip"]),
    (
        "tax_id",
        &[
            "taxid",
            "taxnumber",
            "taxpayerid",
            "cpf",
            "ssn",
            "socialsecuritynumber",
            "nationalid",
            "dni",
            "nif",
            "rg",
            "curp",
            "passport",
            "passportnumber",
            "driverlicense",
            "driverslicense",
        ],
    ),
    ("iban", &["iban", "bankaccount", "accountnumber"]),
    ("avatar", &["avatar", "photo", "photourl", "picture", "profilepicture"]),
    ("linkedin", &["linkedin", "linkedinurl"]),
    ("social", &["twitter", "facebook", "instagram", "skype", "telegram"]),
    ("latitude", &["latitude", "lat"]),
    ("longitude", &["longitude", "lng", "lon"]),
    ("advertising_id", &["advertisingid", "idfa", "idfv", "gaid", "aaid"]),
];

const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "senha",
    "creditcard",
    "creditcardnumber",
    "cardnumber",
    "cvv",
    "cvc",
    "securitycode",
    "accesstoken",
    "refreshtoken",
    "apikey",
    "secret",
];

/// Objects that describe a person: in them a bare `name` is one too. Anywhere else, as in a
/// product, a page, a campaign or a company, it is not.
const PEOPLE: &[&str] = &[
    "user",
    "customer",
    "person",
    "contact",
    "lead",
    "buyer",
    "recipient",
    "sender",
    "billing",
    "shipping",
    "member",
    "patient",
    "student",
    "guest",
    "traits",
    "usertraits",
    "device",
    "cardholder",
    "passenger",
    "attendee",
    "owner",
    "employee",
];

/// Free text about a person, in which anything may stand: in an object that describes one, or that
/// says how to reach one. Elsewhere, as of a product or a page, it is no more than text.
const FREE_TEXT: &[&str] = &[
    "note",
    "notes",
    "anotacao",
    "anotacoes",
    "comment",
    "comments",
    "comentario",
    "comentarios",
    "message",
    "mensagem",
    "description",
    "descricao",
    "bio",
    "biography",
    "biografia",
    "about",
    "aboutme",
    "sobre",
    "observation",
    "observations",
    "observacao",
    "observacoes",
    "remark",
    "remarks",
    "summary",
    "freetext",
];

/// Keys beside which a bare `name` is a product's.
const PRODUCT: &[&str] =
    &["sku", "productid", "product", "price", "unitprice", "variant", "variantid", "gtin", "ean"];

/// Tells what stands under a key of an object, which describes a person or something else.
pub fn meaning(key: &str, is_person: bool) -> Option<Personal> {
    let key = bare(key);
    if is_name(&key) {
        return is_person.then_some(Personal::Field("name"));
    }
    meaning_anywhere(&key)
}

/// Tells whether free text stands under a key of an object that describes a person.
pub fn is_free_text(key: &str) -> bool {
    FREE_TEXT.contains(&bare(key).as_str())
}

/// Tells whether an object describes a person by the key that it stands under.
pub fn is_person(parent: &str) -> bool {
    PEOPLE.contains(&bare(parent).as_str())
}

/// Tells whether an object says how to reach somebody, or a part of a person's name.
pub fn has_contact(object: &Map<String, Value>) -> bool {
    object.iter().any(|(key, value)| {
        // What was an address once says nothing about the object's form.
        let was_pattern = key.contains(patterns::EMAIL) || key.contains(patterns::PHONE);
        let field = meaning_anywhere(&bare(key)).filter(|_| !was_pattern && holds_something(value));
        matches!(field, Some(Personal::Field("email" | "phone" | "first_name" | "last_name")))
    })
}

/// Tells whether an object is a product, or an event about one.
pub fn is_product(object: &Map<String, Value>) -> bool {
    object.keys().any(|key| PRODUCT.contains(&bare(key).as_str()))
}

/// Tells whether a bare key is a name that a person and a thing can have.
pub fn is_name(bare: &str) -> bool {
    matches!(bare, "name" | "nome")
}

/// Tells what stands under a key of a URL's query, where a bare `name` is a person's.
pub fn meaning_in_query(key: &str) -> Option<Personal> {
    let key = bare(key);
    if is_name(&key) {
        return Some(Personal::Field("name"));
    }
    meaning_anywhere(&key)
}

fn meaning_anywhere(bare: &str) -> Option<Personal> {
    if SECRETS.contains(&bare) {
        return Some(Personal::Secret);
    }
    FIELDS
        .iter()
        .find(|(_, spellings)| spellings.contains(&bare))
        .map(|(field, _)| Personal::Field(field))
}

/// Returns the letters and digits of a key, in lower case.
pub fn bare(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_personal_in_every_spelling() {
        for key in ["firstName", "first_name", "First Name", "FIRST-NAME", "$firstName"] {
            assert_eq!(meaning(key, false), Some(Personal::Field("first_name")), "{key}");
        }
        assert_eq!(meaning("Password", false), Some(Personal::Secret));
        assert_eq!(meaning("title", false), None);
    }

    #[test]
    fn a_name_is_personal_in_a_person_only() {
        for person in ["traits", "user", "Customer"] {
            assert!(meaning("name", is_person(person)).is_some(), "{person}");
        }
        for thing in ["", "company", "product", "products", "page", "campaign", "library"] {
            assert!(meaning("name", is_person(thing)).is_none(), "{thing}");
        }
        assert!(meaning_in_query("name").is_some());
    }

    #[test]
    fn a_spelling_stands_for_one_field() {
        let fields = FIELDS.iter().flat_map(|(_, spellings)| *spellings);
        let all: Vec<_> = fields.chain(SECRETS).chain(FREE_TEXT).collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), distinct.len());
        assert!(all.iter().all(|spelling| bare(spelling) == ***spelling));
    }
}
