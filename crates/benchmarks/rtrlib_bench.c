/* rtrlib's origin validation, for vrp_bench to measure beside ours:
 *
 *     cc -O2 -o rtrlib_bench rtrlib_bench.c -lrtr        (Debian: librtr-dev)
 *
 * Reads lines: "v ADDRESS LENGTH MAX ASN" adds a VRP, "q ADDRESS LENGTH ASN" adds a query, "run"
 * asks all queries, prints the nanoseconds of the best of three rounds and how many are valid,
 * invalid, not found, and forgets the queries.
 */
#include <rtrlib/rtrlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct query {
	struct lrtr_ip_addr address;
	uint8_t length;
	uint32_t asn;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static void run(struct pfx_table *table, const struct query *queries, size_t count)
{
	double best = 1e9;
	size_t states[3] = {0};

	for (int round = 0; round < 3; round++) {
		memset(states, 0, sizeof(states));
		double start = seconds();

		for (size_t i = 0; i < count; i++) {
			enum pfxv_state state;

			if (pfx_table_validate(table, queries[i].asn, &queries[i].address,
					       queries[i].length, &state) != PFX_SUCCESS)
				exit(1);
			states[state]++;
		}
		double took = seconds() - start;

		best = took < best ? took : best;
	}
	printf("%.1f %zu %zu %zu\n", best / count * 1e9, states[BGP_PFXV_STATE_VALID],
	       states[BGP_PFXV_STATE_INVALID], states[BGP_PFXV_STATE_NOT_FOUND]);
	fflush(stdout);
}

int main(void)
{
	struct pfx_table table;
	struct query *queries = NULL;
	size_t count = 0, room = 0;
	char line[128], address[64];

	pfx_table_init(&table, NULL);
	while (fgets(line, sizeof(line), stdin)) {
		unsigned int length, max, asn;

		if (sscanf(line, "v %63s %u %u %u", address, &length, &max, &asn) == 4) {
			struct pfx_record record = {.asn = asn, .min_len = length, .max_len = max};

			if (lrtr_ip_str_to_addr(address, &record.prefix) != 0 ||
			    pfx_table_add(&table, &record) != PFX_SUCCESS)
				return 1;
		} else if (sscanf(line, "q %63s %u %u", address, &length, &asn) == 3) {
			if (count == room) {
				room = room ? room * 2 : 1024;
				queries = realloc(queries, room * sizeof(*queries));
				if (!queries)
					return 1;
			}
			queries[count].length = length;
			queries[count].asn = asn;
			if (lrtr_ip_str_to_addr(address, &queries[count++].address) != 0)
				return 1;
		} else if (strcmp(line, "run\n") == 0) {
			run(&table, queries, count);
			count = 0;
		} else {
			return 1;
		}
	}
	return 0;
}
