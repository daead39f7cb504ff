// curl_easy_setopt(3) and curl_easy_getinfo(3) are variadic, which Swift cannot call. Neither is linked:
// `symbol` is what dlsym(3) found for it.
#pragma once
#include <curl/curl.h>

typedef CURLcode (*meti_curl_setopt)(CURL *, CURLoption, ...);
typedef CURLcode (*meti_curl_getinfo)(CURL *, CURLINFO, ...);
typedef size_t (*meti_curl_receiver)(char *bytes, size_t size, size_t count, void *context);

// By number, so that a header older than the option compiles; the library says whether it knows it.
// Since 7.87; deprecated since 7.85, for a string.
static const CURLoption meti_CURLOPT_QUICK_EXIT = (CURLoption)(CURLOPTTYPE_LONG + 322);
static const CURLoption meti_CURLOPT_PROTOCOLS = (CURLoption)(CURLOPTTYPE_LONG + 181);

// A macro with a cast.
static const long meti_CURLAUTH_ANY = (long)CURLAUTH_ANY;

static inline CURLcode meti_curl_set_long(void *symbol, CURL *handle, CURLoption option, long value) {
  return ((meti_curl_setopt)symbol)(handle, option, value);
}

/// A string is copied by libcurl, except for CURLOPT_POSTFIELDS; NULL restores the default or unsets.
static inline CURLcode meti_curl_set_string(
    void *symbol, CURL *handle, CURLoption option, const char *value) {
  return ((meti_curl_setopt)symbol)(handle, option, value);
}

static inline CURLcode meti_curl_set_pointer(
    void *symbol, CURL *handle, CURLoption option, void *value) {
  return ((meti_curl_setopt)symbol)(handle, option, value);
}

static inline CURLcode meti_curl_set_receiver(
    void *symbol, CURL *handle, CURLoption option, meti_curl_receiver value) {
  return ((meti_curl_setopt)symbol)(handle, option, value);
}

static inline CURLcode meti_curl_set_debug(void *symbol, CURL *handle, curl_debug_callback value) {
  return ((meti_curl_setopt)symbol)(handle, CURLOPT_DEBUGFUNCTION, value);
}

/// CURLOPT_XFERINFOFUNCTION, which libcurl calls about once a second, whether or not bytes move.
static inline CURLcode meti_curl_set_watcher(
    void *symbol, CURL *handle, curl_xferinfo_callback value) {
  return ((meti_curl_setopt)symbol)(handle, CURLOPT_XFERINFOFUNCTION, value);
}

/// 0 if libcurl does not know `info`.
static inline long meti_curl_get_long(void *symbol, CURL *handle, CURLINFO info) {
  long value = 0;
  return ((meti_curl_getinfo)symbol)(handle, info, &value) == CURLE_OK ? value : 0;
}

/// 0 if libcurl does not know `info`.
static inline curl_off_t meti_curl_get_size(void *symbol, CURL *handle, CURLINFO info) {
  curl_off_t value = 0;
  return ((meti_curl_getinfo)symbol)(handle, info, &value) == CURLE_OK ? value : 0;
}

/// The lines that describe the server's own certificate (CURLINFO_CERTINFO), which belong to the handle;
/// NULL if there are none.
static inline const struct curl_slist *meti_curl_get_certificate(void *symbol, CURL *handle) {
  struct curl_certinfo *chain = NULL;
  CURLcode code = ((meti_curl_getinfo)symbol)(handle, CURLINFO_CERTINFO, &chain);
  return code == CURLE_OK && chain && chain->num_of_certs > 0 ? chain->certinfo[0] : NULL;
}
