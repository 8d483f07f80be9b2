import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A hospital system in Java: sends one reading as a binary CloudEvent, and waits for the receipt that says how it ended. */
class HospitalClient {
  public static void main(String[] args) throws Exception {
    String brokers = args[0], intake = args[1], receipts = args[2], id = args[3], key = args[4], fhir = args[5];
    Map<String, Object> settings = Map.of("bootstrap.servers", brokers, "acks", "all", "enable.idempotence", true);
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      var record = new ProducerRecord<>(intake, key, fhir);
      record.headers().add("ce_specversion", utf8("1.0")).add("ce_id", utf8(id)).add("ce_source", utf8("urn:ehr:java"))
          .add("ce_type", utf8("org.hl7.fhir.resource")).add("content-type", utf8("application/fhir+json"));
      System.out.println("partition " + producer.send(record).get().partition());
    }
    Map<String, Object> reading =
        Map.of("bootstrap.servers", brokers, "group.id", "hospital-java-" + id, "auto.offset.reset", "earliest");
    try (var consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(receipts));
      long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (System.nanoTime() < end)
        for (var record : consumer.poll(Duration.ofMillis(200)))
          if (record.value().contains("\"" + id + "\"") && record.value().contains("\"settled\"")) {
            System.out.println(record.value());
            return;
          }
    }
    System.exit(1);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
