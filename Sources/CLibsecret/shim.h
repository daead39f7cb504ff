#pragma once
// The functions on object paths (secret-paths.h) are marked as not frozen. They have been the same
// since libsecret 0.18 and save the proxies that the others make for each item, and with them
// several D-Bus calls for each look-up.
#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>

/// The schema of every item. A SecretSchema holds an array of 32, which Swift cannot write.
static inline const SecretSchema *meti_schema(void) {
  static const SecretSchema schema = {
      "com.millpont.meti.Credential",
      SECRET_SCHEMA_NONE,
      {
          {"meti-kind", SECRET_SCHEMA_ATTRIBUTE_STRING},
          {"meti-api", SECRET_SCHEMA_ATTRIBUTE_STRING},
          {"meti-account", SECRET_SCHEMA_ATTRIBUTE_STRING},
          {NULL, 0},
      },
  };
  return &schema;
}

// Macros, which Swift does not import.
static inline GQuark meti_g_io_error(void) { return G_IO_ERROR; }
static inline GQuark meti_g_dbus_error(void) { return G_DBUS_ERROR; }
static inline GQuark meti_secret_error(void) { return SECRET_ERROR; }
static inline GDBusProxy *meti_proxy(SecretService *service) { return G_DBUS_PROXY(service); }
/// The collection that `secret_service_store` takes for "default" (Secret Service, aliases).
static inline const char *meti_default_collection(void) { return SECRET_COLLECTION_DEFAULT; }
