#include "proxy/pattern/attribute_type.h"

#include <algorithm>
#include <iterator>

namespace mantlet::pattern {
namespace {

struct Row {
  std::string_view dotted;
  std::string_view keyword;  // as it is printed
  std::string_view folded;   // the same in lower case
  std::string_view others[3] = {};
};

// The types of X.520, RFC 4519 and RFC 4524 with text values, those of PKCS#9 and of extended
// validation, and those that Russian law requires.
constexpr Row kRows[] = {
    {"2.5.4.3", "CN", "cn", {"commonname"}},
    {"2.5.4.4", "SN", "sn", {"surname"}},
    {"2.5.4.5", "serialNumber", "serialnumber"},
    {"2.5.4.6", "C", "c", {"countryname", "country"}},
    {"2.5.4.7", "L", "l", {"localityname", "locality"}},
    {"2.5.4.8", "ST", "st", {"s", "stateorprovincename"}},
    {"2.5.4.9", "street", "street", {"streetaddress"}},
    {"2.5.4.10", "O", "o", {"organizationname"}},
    {"2.5.4.11", "OU", "ou", {"organizationalunitname"}},
    {"2.5.4.12", "title", "title", {"t"}},
    {"2.5.4.13", "description", "description"},
    {"2.5.4.15", "businessCategory", "businesscategory"},
    {"2.5.4.16", "postalAddress", "postaladdress"},
    {"2.5.4.17", "postalCode", "postalcode"},
    {"2.5.4.18", "postOfficeBox", "postofficebox"},
    {"2.5.4.19", "physicalDeliveryOfficeName", "physicaldeliveryofficename"},
    {"2.5.4.20", "telephoneNumber", "telephonenumber"},
    {"2.5.4.23", "facsimileTelephoneNumber", "facsimiletelephonenumber"},
    {"2.5.4.24", "x121Address", "x121address"},
    {"2.5.4.27", "destinationIndicator", "destinationindicator"},
    {"2.5.4.41", "name", "name"},
    {"2.5.4.42", "GN", "gn", {"givenname", "g"}},
    {"2.5.4.43", "initials", "initials"},
    {"2.5.4.44", "generationQualifier", "generationqualifier"},
    {"2.5.4.45", "x500UniqueIdentifier", "x500uniqueidentifier"},
    {"2.5.4.46", "dnQualifier", "dnqualifier"},
    {"2.5.4.51", "houseIdentifier", "houseidentifier"},
    {"2.5.4.54", "dmdName", "dmdname"},
    {"2.5.4.65", "pseudonym", "pseudonym"},
    {"2.5.4.72", "role", "role"},
    {"2.5.4.97", "organizationIdentifier", "organizationidentifier"},
    {"2.5.4.98", "c3", "c3", {"countrycode3c"}},
    {"2.5.4.99", "n3", "n3", {"countrycode3n"}},
    {"0.9.2342.19200300.100.1.1", "UID", "uid", {"userid"}},
    {"0.9.2342.19200300.100.1.3", "mail", "mail", {"rfc822mailbox"}},
    {"0.9.2342.19200300.100.1.4", "info", "info"},
    {"0.9.2342.19200300.100.1.6", "roomNumber", "roomnumber"},
    {"0.9.2342.19200300.100.1.8", "userClass", "userclass"},
    {"0.9.2342.19200300.100.1.9", "host", "host"},
    {"0.9.2342.19200300.100.1.20", "homeTelephoneNumber", "hometelephonenumber", {"homephone"}},
    {"0.9.2342.19200300.100.1.25", "DC", "dc", {"domaincomponent"}},
    {"0.9.2342.19200300.100.1.37", "associatedDomain", "associateddomain"},
    {"0.9.2342.19200300.100.1.40", "personalTitle", "personaltitle"},
    {"0.9.2342.19200300.100.1.41", "mobileTelephoneNumber", "mobiletelephonenumber", {"mobile"}},
    // OpenSSL prints "uid", which differs from UID in letter case only.
    {"0.9.2342.19200300.100.1.44", "uniqueIdentifier", "uniqueidentifier"},
    {"0.9.2342.19200300.100.1.48", "buildingName", "buildingname"},
    {"1.2.840.113549.1.9.1", "emailAddress", "emailaddress", {"e", "email"}},
    {"1.2.840.113549.1.9.2", "unstructuredName", "unstructuredname"},
    {"1.2.840.113549.1.9.8", "unstructuredAddress", "unstructuredaddress"},
    {"1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", "jurisdictionl", {"jurisdictionlocalityname"}},
    {"1.3.6.1.4.1.311.60.2.1.2",
     "jurisdictionST",
     "jurisdictionst",
     {"jurisdictionstateorprovincename"}},
    {"1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC", "jurisdictionc", {"jurisdictioncountryname"}},
    {"1.2.643.3.131.1.1", "INN", "inn"},
    {"1.2.643.100.1", "OGRN", "ogrn"},
    {"1.2.643.100.3", "SNILS", "snils"},
    {"1.2.643.100.5", "OGRNIP", "ogrnip"},
};

}  // namespace

std::string_view AttributeKeyword(std::string_view dotted) {
  for (const Row& row : kRows) {
    if (row.dotted == dotted) return row.keyword;
  }
  return {};
}

std::string_view CanonicalAttributeType(std::string_view name) {
  if (name.empty()) return name;
  for (const Row& row : kRows) {
    if (row.folded == name || row.dotted == name ||
        std::find(std::begin(row.others), std::end(row.others), name) != std::end(row.others)) {
      return row.folded;
    }
  }
  return name;
}

}  // namespace mantlet::pattern
