/*
 * Writes the secrets of every TLS connection to the file named by TLS_KEYLOG, so that
 * the capture beside Asterisk can be read. Loaded before libssl; each new context gets
 * libssl's own key log callback. Declared by hand: the small compiler that builds this
 * has no headers.
 */
typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef unsigned long size_t;

extern void *dlsym(void *handle, const char *symbol);
extern char *getenv(const char *name);
extern int open(const char *path, int flags, ...);
extern long write(int fd, const void *bytes, size_t count);

#define RTLD_NEXT ((void *) -1L)
#define O_WRONLY 01
#define O_CREAT 0100
#define O_APPEND 02000

static void log_line(const SSL *ssl, const char *line)
{
	static int fd = -2;
	char text[1024];
	size_t length = 0;
	if (fd == -2) {
		const char *path = getenv("TLS_KEYLOG");
		fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
	}
	if (fd < 0) return;
	while (line[length] && length < sizeof(text) - 1) {
		text[length] = line[length];
		length++;
	}
	text[length++] = '\n';
	/* One write: lines of two connections never mix. */
	write(fd, text, length);
}

SSL_CTX *SSL_CTX_new(const void *method)
{
	SSL_CTX *(*make)(const void *) = dlsym(RTLD_NEXT, "SSL_CTX_new");
	void (*set)(SSL_CTX *, void (*)(const SSL *, const char *)) = dlsym(RTLD_NEXT, "SSL_CTX_set_keylog_callback");
	SSL_CTX *context = make(method);
	if (context && set) set(context, log_line);
	return context;
}
